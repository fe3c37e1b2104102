// Label maps as palette PNGs, as `fcn predict` writes them: viewers show colours, programs read class ids.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function chunk(name, content) {
  const bytes = new Uint8Array(12 + content.length), view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(content, 8);
  const crc = bytes.subarray(4, -4).reduce((sum, byte) => TABLE[(sum ^ byte) & 255] ^ (sum >>> 8), 0xffffffff);
  view.setUint32(8 + content.length, ~crc >>> 0);
  return bytes;
}

// labels: ids up to 255, row by row; palette: [[R, G, B], ...]
export async function palettePng(labels, width, height, palette) {
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3], 8); // 8 bits, palette
  const rows = new Uint8Array((width + 1) * height); // each begins with its filter: none
  for (let y = 0; y < height; y++) rows.set(labels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const packed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const signature = [137, 80, 78, 71, 13, 10, 26, 10];
  const parts = [chunk("IHDR", header), chunk("PLTE", Uint8Array.from(palette.flat())), chunk("IDAT", new Uint8Array(await packed))];
  return new Blob([Uint8Array.from(signature), ...parts, chunk("IEND", new Uint8Array())], { type: "image/png" });
}
