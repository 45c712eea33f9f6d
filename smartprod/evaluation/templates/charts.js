// Draws the charts with Bokeh when they come into view, in the colours of the page.
const charts = (() => {
  const palette = JSON.parse(document.getElementById("palette").textContent);
  const figures = [...document.querySelectorAll("figure.chart")];
  const drawn = new Map(); // figure -> view of its plot
  const ROOM_FOR_COUNTS = 15; // pixels of a cell in which a number can be read
  const ROOM_FOR_NAMES = 420; // pixels of a sunburst in which its names can be read

  const themed = (text) => {
    const style = getComputedStyle(document.documentElement);
    return text.replace(/"(#01f3a7[0-9a-f]{2})"/g, (whole, colour) =>
      colour in palette ? JSON.stringify(style.getPropertyValue(`--${palette[colour]}`).trim()) : whole);
  };

  const named = (view, name) => view.model.renderers.filter((renderer) => renderer.name === name);

  const draw = async (figure) => {
    if (drawn.has(figure)) return;
    drawn.set(figure, null); // on its way
    const item = JSON.parse(themed(figure.querySelector("script").textContent));
    const views = await Bokeh.embed.embed_item(item, figure.querySelector(".canvas"));
    const view = [...views][0];
    drawn.set(figure, view);
    if (matchMedia("(pointer: coarse)").matches) view.model.toolbar.active_drag = null; // a finger scrolls the page
    for (const button of figure.querySelectorAll("[data-glyphs][aria-pressed=false]")) show(figure, button, false);
    const ranges = [view.model.x_range, view.model.y_range];
    ranges.forEach((range) => ["start", "end"].forEach((side) => range.properties[side].change.connect(() => fitTexts(view))));
    fitTexts(view);
    new ResizeObserver(() => fitTexts(view)).observe(figure);
  };

  // What is written in a chart is shown where there is room to read it.
  const fitTexts = (view) => {
    const range = view.model.x_range;
    const width = view.frame?.bbox.width ?? 0;
    const fits = { counts: width / Math.abs(range.end - range.start) >= ROOM_FOR_COUNTS, names: width >= ROOM_FOR_NAMES };
    for (const [name, visible] of Object.entries(fits)) {
      for (const renderer of named(view, name)) if (renderer.visible !== visible) renderer.visible = visible;
    }
  };

  const show = (figure, button, visible) => {
    button.setAttribute("aria-pressed", String(visible));
    const view = drawn.get(figure);
    if (view) for (const renderer of named(view, button.dataset.glyphs)) renderer.visible = visible;
  };

  const forget = (figure) => {
    const view = drawn.get(figure);
    if (!view) return;
    view.remove();
    figure.querySelector(".canvas").replaceChildren();
    drawn.delete(figure);
  };

  if (figures.length) {
    Bokeh.logger.set_level("error");
    for (const figure of figures) {
      for (const button of figure.querySelectorAll("[data-glyphs]")) {
        button.addEventListener("click", () => show(figure, button, button.getAttribute("aria-pressed") !== "true"));
      }
    }
    const near = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
    }, { rootMargin: "600px" });
    figures.forEach((figure) => near.observe(figure));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      const again = [...drawn.keys()];
      again.forEach(forget);
      again.forEach(draw);
    });
    addEventListener("beforeprint", () => figures.forEach(draw));
  }

  // Show a square around one place of a chart, or all of it.
  const zoom = async (figure, place, reach) => {
    await draw(figure);
    const view = drawn.get(figure);
    if (!view) return;
    const { x_range: x, y_range: y } = view.model;
    view.model.initial ??= [x.start, x.end, y.start, y.end];
    const [x0, x1, y0, y1] = view.model.initial;
    if (place === null) {
      x.setv({ start: x0, end: x1 });
      y.setv({ start: y0, end: y1 });
      return;
    }
    const size = x1 - x0;
    const half = Math.min(reach, size / 2);
    const middle = Math.min(Math.max(place, x0 + half), x1 - half);
    x.setv({ start: middle - half, end: middle + half });
    y.setv({ start: middle + half, end: middle - half });
  };

  return { draw, zoom, view: (figure) => drawn.get(figure) };
})();
