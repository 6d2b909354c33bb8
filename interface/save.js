// Saves a picture of the page as a file of its own, on white.  The browser does it: the server would have to draw again.
function standingAlone(svg) {
  const copy = svg.cloneNode(true);
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return new XMLSerializer()
    .serializeToString(copy)
    .replaceAll("currentColor", "#1a1c1f")
    .replace(/var\(--forecast, (#\w+)\)/g, "$1")
    .replace(">", '><rect width="100%" height="100%" fill="white"/>');
}

async function asPng(source, { width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(source)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * width, 2 * height]; // twice as fine as on the page
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

addEventListener("click", async ({ target }) => {
  const { picture, kind } = target.closest("button.save-link")?.dataset ?? {};
  if (!picture) return;
  const svg = document.querySelector(`.picture[data-name="${picture}"] .wide svg`);
  const source = standingAlone(svg);
  const file = kind === "png" ? await asPng(source, svg.viewBox.baseVal) : new Blob([source], { type: "image/svg+xml" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${picture}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // a browser may ask where to save before it reads
});
