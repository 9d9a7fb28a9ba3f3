// Who is logged in, as the server sees it: the role, the quota, and how reels are made here.
import { ask, change, remember, state, whenSessionEnds } from './state.js';

const USUAL = { bumper_s: 2, longest_s: 20, fit: 'pad' };
export const me = { known: null };

export async function loadMe() {
    const asker = state.token;
    const known = await ask('GET', '/api/me');
    if (state.token !== asker) return null;
    me.known = known;
    // so that the top of the page does not move when it is loaded again
    remember.set('sessionStorage', 'role', known.role);
    change();
    return known;
}
// How reels are made: until the server has told, as it usually does.
export const profile = () => ({ ...USUAL, ...me.known?.profile });
// Of a clip, at most this much is shown.
export const partSeconds = () => Math.max(0, profile().longest_s - 2 * profile().bumper_s);
export const isAdmin = () => (me.known?.role ?? remember.get('sessionStorage', 'role')) === 'admin';
whenSessionEnds(() => {
    me.known = null;
    remember.set('sessionStorage', 'role', null);
});
