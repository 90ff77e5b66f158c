// Times and how they are said. Moments are milliseconds since 1970, as Date has them.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS = [[DAY, "d"], [HOUR, "h"], [MINUTE, "m"], [SECOND, "s"]];

/** "4 d 3 h", "12 m", "7 s": the two largest units, seconds only by themselves. */
export function sayDuration(duration) {
  const whole = Math.max(0, Math.floor(duration / SECOND)) * SECOND;
  const first = Math.max(0, UNITS.findIndex(([size]) => whole >= size));
  if (whole < MINUTE) {
    return `${whole / SECOND} s`;
  }
  const [size, name] = UNITS[first];
  const [smaller, smallerName] = UNITS[first + 1];
  const rest = Math.floor((whole % size) / smaller);
  const said = `${Math.floor(whole / size)} ${name}`;
  return rest === 0 || size === MINUTE ? said : `${said} ${rest} ${smallerName}`;
}

/** "3 m ago"; "in 2 m" of what is dated in the future. */
export function sayAge(moment, now) {
  const age = now - moment;
  return age < 0 ? `in ${sayDuration(-age)}` : `${sayDuration(age)} ago`;
}

const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric" });

/** "11 May, 08:30:00", in the browser's time zone. */
export const sayMoment = (moment) => MOMENT.format(moment);
/** "08:30" */
export const sayClock = (moment) => CLOCK.format(moment);
/** "Mon 11" */
export const sayDate = (moment) => DATE.format(moment);
