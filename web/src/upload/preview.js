// A picture of a file that was chosen, for its card while the clip is on its way: one frame of it,
// where the reel will begin, as the address of an object. One file is read after the other.
const WIDTH = 480,
    PATIENCE_MS = 10_000;

function frameOf(file, seconds) {
    const url = URL.createObjectURL(file),
        video = document.createElement('video');
    return new Promise((done) => {
        const timer = setTimeout(() => done(null), PATIENCE_MS);
        const end = (value) => {
            clearTimeout(timer);
            done(value);
        };
        Object.assign(video, { muted: true, playsInline: true, preload: 'auto' });
        video.onerror = () => end(null);
        video.onloadeddata = () => {
            if (!video.videoWidth) end(null);
            else
                video.currentTime = Math.min(
                    seconds + 0.04,
                    Math.max(0, (video.duration || 0) - 0.1),
                );
        };
        video.onseeked = () => {
            const canvas = document.createElement('canvas');
            canvas.width = Math.min(WIDTH, video.videoWidth);
            canvas.height = Math.max(
                1,
                Math.round((canvas.width * video.videoHeight) / video.videoWidth),
            );
            canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
            canvas.toBlob((blob) => end(blob && URL.createObjectURL(blob)), 'image/jpeg', 0.8);
        };
        video.src = url;
    })
        .catch(() => null)
        .finally(() => {
            video.removeAttribute('src');
            video.load();
            URL.revokeObjectURL(url);
        });
}
let before = Promise.resolve();
export function pictureOf(file, seconds) {
    return (before = before.then(() => frameOf(file, seconds)));
}
