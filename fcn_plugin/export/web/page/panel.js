// One net's part of the page: picture with overlay, time, legend with areas, and the label map as a file.
import { palettePng } from "./png.js";

const MANY = 24; // classes; with more, those that are not in the picture are left out of the legend
const percent = (share) => `${(100 * share).toFixed(1)} %`;

export class Panel {
  constructor(net, parent, template) {
    this.net = net;
    this.root = template.content.cloneNode(true).firstElementChild;
    this.find = (selector) => this.root.querySelector(selector);
    this.find("h2").textContent = net.name;
    this.rows = net.classes.map((name, i) => this.row(name, net.palette[i]));
    this.find("tbody").append(...this.rows);
    this.find(".save").onclick = () => this.save();
    this.find(".save").setAttribute("aria-label", `Save the label map of ${net.name} as PNG`);
    parent.append(this.root);
  }

  row(name, colour) {
    const row = document.createElement("tr");
    const swatch = Object.assign(document.createElement("span"), { className: "swatch" });
    swatch.style.background = `rgb(${colour.join(" ")})`;
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
    row.append(swatch, head, document.createElement("td"));
    row.hidden = this.net.classes.length > MANY;
    return row;
  }

  // labels: class of each pixel, row by row; ms: how long the net took
  draw(picture, labels, ms) {
    const { width, height } = picture;
    this.result = { labels, width, height };
    const colours = new Uint8ClampedArray(width * height * 4).fill(255);
    const counts = new Array(this.net.classes.length).fill(0);
    labels.forEach((label, i) => {
      colours.set(this.net.palette[label], 4 * i);
      counts[label]++;
    });
    this.shares = counts.map((count) => count / labels.length);
    for (const [name, pixels] of [["photo", picture.pixels], ["overlay", colours]]) {
      const canvas = Object.assign(this.find(`.${name}`), { width, height });
      canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
    }
    this.find(".stage").classList.add("filled");
    this.find(".photo").setAttribute("aria-label", `Picture with the label map of ${this.net.name}. ${this.summary()}`);
    this.find(".time").textContent = `${ms.toFixed(0)} ms`;
    this.find(".save").disabled = false;
    this.rows.forEach((row, i) => {
      row.lastElementChild.textContent = percent(this.shares[i]);
      row.classList.toggle("absent", !counts[i]);
      row.hidden = this.net.classes.length > MANY && !counts[i];
    });
  }

  summary() {
    const present = this.shares.map((share, i) => [share, this.net.classes[i]]).filter(([share]) => share > 0);
    return present.sort((a, b) => b[0] - a[0]).slice(0, 4).map(([share, name]) => `${name} ${percent(share)}`).join(", ") + ".";
  }

  async save() {
    const { labels, width, height } = this.result;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await palettePng(labels, width, height, this.net.palette));
    link.download = `${this.net.name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}
