// The ways to bring a clip to 16:9, and what each is called.
import { say } from './state.js';

export const FITS = { pad: 'fitPad', blur: 'fitBlur', crop: 'fitCrop', stretch: 'fitStretch' };
export const fitInWords = (fit) => say(FITS[fit] ?? 'fitPad');
