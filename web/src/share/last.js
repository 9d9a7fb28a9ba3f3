// The desk as it was seen last: its view, as an address, for the ways back to it.
export const last = { address: '#/' };
