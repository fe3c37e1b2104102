// Load onnxruntime-web and the nets, and run them.
import { labelsOfScores, resizePixels, resizedSize } from "./resize.js";

const AGREE = 0.999; // share of pixels on which WebGPU has to give WebAssembly's labels
const nets = [];
let ort = null;

async function load(address, what, options = {}) {
  try {
    const answer = await fetch(address, options);
    if (!answer.ok) throw Error(answer.status);
    return await answer.arrayBuffer();
  } catch (error) {
    throw Error(`${what} can't be loaded from ${address} (${error.message}): see to the network, or have the page exported again.`);
  }
}

async function loadRuntime({ base, version, engines }, engine, folder) {
  const part = ({ file, integrity }) => load(new URL(base + file, folder), `onnxruntime-web ${version}`, { integrity });
  const [script, program] = await Promise.all([part(engines[engine].script), part(engines[engine].program)]);
  ort = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  ort.env.wasm.numThreads = 1; // more need headers that a static server doesn't send
  ort.env.wasm.wasmBinary = program;
  ort.env.logLevel = "error";
}

async function openNet(net, engine, wanted, folder) {
  const model = new Uint8Array(await load(new URL(net.file, folder), `the net ${net.file}`));
  const create = (provider) => ort.InferenceSession.create(model, { executionProviders: [provider] });
  try {
    const exact = await create("wasm");
    if (engine === "wasm") return { ...net, session: exact, engine };
    const fast = await create("webgpu").catch(() => null);
    const onGpu = fast && (await isBetter(net, fast, exact, wanted));
    await (onGpu ? exact : fast)?.release();
    return { ...net, session: onGpu ? fast : exact, engine: onGpu ? "webgpu" : "wasm" };
  } catch (error) {
    throw Error(`${net.file} is no net that this page can run (${error.message}): export it again.`);
  }
}

// Whether WebGPU gives the same labels, and sooner unless it is wanted.
async function isBetter(net, fast, exact, wanted) {
  const [width, height] = [160, 128];
  const pixels = Uint8Array.from({ length: width * height * 4 }, (_, i) => 128 + 120 * Math.sin(i / 37) * Math.cos(i / 5003));
  const run = async (session) => {
    await labelsOf({ ...net, session }, pixels, width, height); // the first one compiles
    const start = performance.now();
    return { labels: await labelsOf({ ...net, session }, pixels, width, height), ms: performance.now() - start };
  };
  try {
    const [slower, found] = [await run(exact), await run(fast)];
    const same = slower.labels.filter((label, i) => label === found.labels[i]).length / slower.labels.length;
    return same >= AGREE && (wanted === "webgpu" || found.ms < slower.ms);
  } catch {
    return false;
  }
}

async function labelsOf({ session, resize, threshold }, pixels, width, height) {
  let rgb = new Uint8Array(width * height * 3);
  for (let i = 0, j = 0; j < rgb.length; i++) if (i % 4 !== 3) rgb[j++] = pixels[i];
  const [w, h] = resize ? resizedSize(resize, width, height) : [width, height];
  if (resize) rgb = resizePixels(rgb, width, height, w, h);
  const { labels, logits } = await session.run({ image: new ort.Tensor("uint8", rgb, [1, h, w, 3]) });
  const limit = threshold && Math.log(threshold / (1 - threshold));
  return labels ? labels.data : labelsOfScores(logits.data, logits.dims[1], w, h, width, height, limit);
}

const HANDLERS = {
  async open({ runtime, nets: entries, wanted, folder }) {
    const adapter = wanted === "wasm" ? null : await navigator.gpu?.requestAdapter().catch(() => null);
    const engine = adapter ? "webgpu" : "wasm";
    await loadRuntime(runtime, engine, folder);
    for (const entry of entries) nets.push(await openNet(entry, engine, wanted, folder));
    return { engine: nets.every((net) => net.engine === "webgpu") ? "webgpu" : "wasm" };
  },

  async run({ net, pixels, width, height }) {
    const start = performance.now();
    try {
      const labels = await labelsOf(nets[net], pixels, width, height);
      return { labels, ms: performance.now() - start };
    } catch (error) {
      throw Error(`${nets[net].name} can't compute ${width} × ${height} pixels (${error.message}): choose fewer megapixels and load the page again.`);
    }
  },
};

self.onmessage = async ({ data: { id, kind, ...message } }) => {
  try {
    self.postMessage({ id, ...(await HANDLERS[kind](message)) });
  } catch (error) {
    self.postMessage({ id, error: error.message });
  }
};
