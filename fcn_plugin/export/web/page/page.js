// The page: pictures and camera frames in, one panel per net out.
import { ask } from "./engine.js";
import { Panel } from "./panel.js";
import { grab, openCamera, readPicture } from "./picture.js";

const $ = (id) => document.getElementById(id);
const file = $("file"), camera = $("camera"), most = $("most"), opacity = $("opacity");
let panels = [], stream = null, latest = 0, shown = null;

function say(text, bad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", bad);
}

// Run every net on a picture. A newer picture ends an older one's work.
async function show(picture, turn) {
  for (const [i, panel] of panels.entries()) {
    const { width, height } = picture;
    const { labels, ms } = await ask("run", { net: i, pixels: picture.pixels, width, height });
    if (turn !== latest) return false;
    panel.draw(picture, labels, ms);
  }
  return true;
}

async function choose(blob) {
  if (!blob) return;
  stop();
  const turn = ++latest;
  try {
    say("Reading the picture …");
    const picture = await readPicture(blob, Number(most.value));
    if (turn !== latest) return;
    say(`Computing ${picture.width} × ${picture.height} pixels …`);
    if (!(await show(picture, turn))) return;
    shown = blob;
    const scaled = picture.scaledFrom ? `, scaled down from ${picture.scaledFrom.join(" × ")}` : "";
    say(`${picture.width} × ${picture.height} pixels${scaled}. ${panels[0].summary()}`);
  } catch (error) {
    if (turn === latest) say(error.message, true);
  }
}

async function start() {
  const turn = ++latest;
  try {
    const video = await openCamera();
    if (turn !== latest) return video.srcObject.getTracks().forEach((track) => track.stop());
    stream = video.srcObject;
    shown = null;
    camera.textContent = "Stop the camera";
    camera.setAttribute("aria-pressed", "true");
    say("The camera is on.");
    while (turn === latest && (await show(grab(video, Number(most.value)), turn))) await new Promise(requestAnimationFrame);
  } catch (error) {
    if (turn !== latest) return;
    stop();
    say(error.message, true);
  }
}

function stop() {
  latest++;
  if (!stream) return;
  stream.getTracks().forEach((track) => track.stop());
  stream = null;
  camera.textContent = "Use the camera";
  camera.setAttribute("aria-pressed", "false");
  say("The camera is off. The last frame stays.");
}

function connect() {
  file.onchange = () => choose(file.files[0]);
  file.onclick = () => (file.value = ""); // the same file may be chosen again
  camera.onclick = () => (stream ? stop() : start());
  most.onchange = () => shown && choose(shown);
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.ondragover = (event) => holdsFiles(event) && (event.preventDefault(), document.body.classList.add("dropping"));
  document.ondragleave = (event) => event.relatedTarget || document.body.classList.remove("dropping");
  document.ondrop = (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    choose(event.dataTransfer.files[0]);
  };
  file.disabled = camera.disabled = false;
}

async function main() {
  opacity.oninput = () => document.documentElement.style.setProperty("--opacity", opacity.value / 100);
  opacity.oninput();
  try {
    if (typeof WebAssembly !== "object") throw Error("This browser has no WebAssembly, which the net needs: use another browser, or allow it.");
    say("Loading the net …");
    const answer = await fetch("nets.json");
    if (!answer.ok) throw Error(`nets.json can't be loaded (${answer.status}): copy the whole folder to the server.`);
    const { runtime, nets } = await answer.json();
    panels = nets.map((net) => new Panel(net, $("nets"), $("net")));
    const wanted = new URLSearchParams(location.search).get("engine");
    const { engine } = await ask("open", { runtime, nets, wanted, folder: new URL(".", location).href });
    say(`Ready (${{ wasm: "WebAssembly", webgpu: "WebGPU" }[engine]}). Choose a picture, or use the camera.`);
    connect();
  } catch (error) {
    say(error.message, true);
  }
}

main();
