// The form that says what is shown.

import { element, fill } from "../dom.js";
import { isFiltered } from "../filter.js";

/** Makes the form say what `filter` does; the node it names stays a choice though it be gone. */
export function drawFilter(form, world, filter) {
  const select = form.querySelector("select");
  const names = [...new Set(["", ...[...world.nodes.keys()].sort(), filter.node])];
  fill(select, names.map((name) => ({
    key: name, data: name, make: () => element("option", { value: name }, name === "" ? "all" : name),
  })));
  select.value = filter.node;
  form.querySelector("button").hidden = !isFiltered(filter);
}
