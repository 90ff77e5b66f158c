// The page: loads the world every five seconds, judges every second whether it is the present, draws.

import { keepFocus, setText } from "./dom.js";
import { EVERYTHING } from "./filter.js";
import { judge, sight } from "./freshness.js";
import { readLink } from "./link.js";
import { reasonsOf } from "./reasons.js";
import { Source } from "./source.js";
import { SECOND } from "./time.js";
import { SPANS } from "./timeline.js";
import { drawAvailability, drawAvailabilityKey } from "./view/availability.js";
import { drawReasons, showVerdict } from "./view/banner.js";
import { drawChanges } from "./view/changes.js";
import { drawDeployments } from "./view/deployments.js";
import { drawDetail } from "./view/detail.js";
import { drawEvents } from "./view/events.js";
import { drawIncidents } from "./view/incidents.js";
import { drawNodes } from "./view/nodes.js";
import { tickAges } from "./view/part.js";
import { drawServices } from "./view/services.js";
import { drawKey, drawSpans, drawTimeline } from "./view/swimlane.js";
import { drawFilter } from "./view/filter.js";

const REFRESH = 5 * SECOND;

// section; what draws it; how many rows it shows at first, and how many more each time
const SECTIONS = [
  ["incidents", drawIncidents, 12],
  ["changes", drawChanges, 12],
  ["deployments", drawDeployments, 8],
  ["nodes", drawNodes, 60],
  ["services", drawServices, 1000],
  ["timeline", drawTimeline, 20],
  ["availability", drawAvailability, 20],
  ["events", drawEvents, 16],
];

const part = (id) => document.getElementById(id);

const source = new Source("world/");
const limits = new Map(SECTIONS.map(([id, , step]) => [id, step]));
const page = { filter: EVERYTHING, span: SPANS[0][1], limitOf: (id) => limits.get(id) };

let world = null;
let drawn = null; // the world that could be drawn
let sighted = null; // when and how old `world` was
let failure = null; // since when it can't be loaded, and why
let opener = null; // what had the focus before the detail

const clocks = () => ({ wall: Date.now(), steady: performance.now() });

function tick() {
  showVerdict(judge(sighted, failure, clocks()), world);
  tickAges();
}

function draw() {
  if (world !== null) {
    part("filter").hidden = false;
    document.querySelector("main").hidden = false;
    keepFocus(() => {
      drawReasons(reasonsOf(world));
      drawFilter(part("filter"), world, page.filter);
      drawSpans(page);
      SECTIONS.forEach(([id, drawSection]) => drawSection(part(id), world, page));
      drawDetail(part("detail"), world, readLink(location.hash));
    });
    setText(part("about"), `homelab-observer ${world.summary.observation.version}, run ` +
      `${world.summary.observation.cycle}. Times are those of ` +
      `${Intl.DateTimeFormat().resolvedOptions().timeZone}.`);
  }
}

async function refresh() {
  try {
    const loaded = await source.load();
    if (loaded !== drawn) {
      world = loaded;
      sighted = sight(world, clocks(), sighted);
      draw();
      drawn = world;
    }
    failure = null;
  } catch (error) {
    failure ??= { since: Date.now() };
    failure.reason = error.message;
  }
  tick();
}

async function keepRefreshing() {
  await refresh();
  setTimeout(keepRefreshing, REFRESH);
}

function look() {
  const wanted = readLink(location.hash);
  const aside = part("detail");
  opener = aside.hidden ? document.activeElement : opener;
  drawDetail(aside, world, wanted);
  if (wanted !== null) {
    part("detail-title").focus({ preventScroll: true });
  } else if (opener?.isConnected) {
    opener.focus({ preventScroll: true });
  }
}

function close() {
  history.replaceState(null, "", location.pathname + location.search);
  look();
}

function show(filter) {
  page.filter = filter;
  draw();
}

const filterOfForm = () => ({
  node: part("filter-node").value, word: part("filter-word").value.trim(),
  unwell: part("filter-unwell").checked,
});

function press({ target }) {
  const drawnLink = target.closest?.("[data-link]");
  if (drawnLink) {
    location.hash = drawnLink.dataset.link;
    return;
  }
  const { more, span, node } = target.closest?.("button")?.dataset ?? {};
  if (more !== undefined) {
    const [, , step] = SECTIONS.find(([id]) => id === more);
    limits.set(more, limits.get(more) + Math.max(step, 100));
    draw();
  } else if (span !== undefined) {
    page.span = Number(span);
    draw();
  } else if (node !== undefined) {
    show({ ...page.filter, node: page.filter.node === node ? "" : node });
  }
}

part("filter").addEventListener("input", () => show(filterOfForm()));
part("filter").addEventListener("submit", (event) => event.preventDefault());
part("filter").addEventListener("reset", () => show(EVERYTHING));
part("detail-close").addEventListener("click", close);
document.addEventListener("click", press);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !part("detail").hidden) {
    close();
  }
});
window.addEventListener("hashchange", look);
// what slept has old news: say so before anything else
document.addEventListener("visibilitychange", tick);
window.addEventListener("pageshow", tick);

// what is scrolled to, and the detail, keep clear of the banner, which grows with what it says
new ResizeObserver(() => {
  document.documentElement.style.setProperty("--banner", `${part("banner").offsetHeight}px`);
}).observe(part("banner"));

drawKey();
drawAvailabilityKey();
setInterval(tick, SECOND);
drawDetail(part("detail"), world, readLink(location.hash));
keepRefreshing();
