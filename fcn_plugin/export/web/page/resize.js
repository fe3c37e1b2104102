// Resize as the config's test pipeline does, for nets that see pictures in another size, and bring their scores back.

// [width, height] that a test pipeline's Resize makes of a picture
export function resizedSize({ scale, keep_ratio }, width, height) {
  if (!keep_ratio) return scale;
  const factor = Math.min(Math.max(...scale) / Math.max(width, height), Math.min(...scale) / Math.min(width, height));
  return [width, height].map((side) => Math.max(1, Math.floor(side * factor + 0.5)));
}

// For each place of the new side: its neighbours in the old one, and the share of the second.
function neighbours(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(place), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: place - low };
  });
}

// RGB bytes -> RGB bytes of w x h, in OpenCV's fixed-point numbers.
export function resizePixels(rgb, width, height, w, h) {
  const weighted = (side) => side.map((at) => ({ ...at, first: Math.round((1 - at.share) * 2048), second: Math.round(at.share * 2048) }));
  const columns = weighted(neighbours(width, w)), result = new Uint8Array(w * h * 3);
  weighted(neighbours(height, h)).forEach((row, y) => {
    columns.forEach((column, x) => {
      for (let c = 0; c < 3; c++) {
        const at = (line, place) => rgb[(line * width + place) * 3 + c];
        const across = (line) => at(line, column.low) * column.first + at(line, column.high) * column.second;
        const [above, below] = [across(row.low) >> 4, across(row.high) >> 4];
        result[(y * w + x) * 3 + c] = (((row.first * above) >> 16) + ((row.second * below) >> 16) + 2) >> 2;
      }
    });
  });
  return result;
}

// Scores (classes, h, w) -> label of each pixel of the picture, width x height. One score: label 1 above the limit.
export function labelsOfScores(scores, classes, w, h, width, height, limit) {
  const columns = neighbours(w, width), rows = neighbours(h, height);
  const labels = new Uint8Array(width * height);
  const best = new Float32Array(width * height).fill(classes === 1 ? limit : -Infinity);
  for (let c = 0; c < classes; c++) {
    rows.forEach((row, y) => {
      const above = (c * h + row.low) * w, below = (c * h + row.high) * w;
      columns.forEach((column, x) => {
        const across = (start) => scores[start + column.low] * (1 - column.share) + scores[start + column.high] * column.share;
        const score = across(above) * (1 - row.share) + across(below) * row.share, i = y * width + x;
        if (score > best[i]) (best[i] = score), (labels[i] = classes === 1 ? 1 : c);
      });
    });
  }
  return labels;
}
