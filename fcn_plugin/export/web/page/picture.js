// Pictures and camera frames as pixels: upright, in the colours that the file holds, as the net was trained on them.

// Read a picture -> {pixels: RGBA bytes, width, height, scaledFrom: [width, height] or null}.
export async function readPicture(blob, most) {
  const asStored = { colorSpaceConversion: "none", premultiplyAlpha: "none", imageOrientation: "from-image" };
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, asStored);
  } catch {
    throw Error(`${blob.name ?? "This file"} can't be read as a picture: it is damaged, too large, or of a kind that this browser doesn't know.`);
  }
  try {
    return pixelsOf(bitmap, bitmap.width, bitmap.height, most);
  } finally {
    bitmap.close();
  }
}

// The frame that a video shows now.
export const grab = (video, most) => pixelsOf(video, video.videoWidth, video.videoHeight, most);

function pixelsOf(source, width, height, most) {
  const factor = Math.min(1, Math.sqrt(most / (width * height)));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * factor)));
  const canvas = Object.assign(document.createElement("canvas"), { width: w, height: h });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, w, h);
  return { pixels: context.getImageData(0, 0, w, h).data, width: w, height: h, scaledFrom: factor < 1 ? [width, height] : null };
}

// Ask for the camera, and resolve to a playing video.
export async function openCamera() {
  if (!navigator.mediaDevices) throw Error("The camera works only over https or on localhost: open the page there.");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 640 } } });
  } catch (error) {
    const refused = error.name === "NotAllowedError";
    throw Error(refused ? "The camera was refused: allow it for this page in the browser's settings." : `There is no camera to use (${error.message}).`);
  }
  const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  return video;
}
