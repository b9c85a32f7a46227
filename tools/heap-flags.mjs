// How the controller's memory is managed, for every way in which it is started.

/**
 * Flags of Node. The young generation of V8 takes up to 128 MiB by itself and the old one grows to four times what
 * is in use before it is cleaned up, for the sake of programs that compute all day. The controller rests nearly always:
 * with these its memory stays near what it holds, for a tenth to a third more processor time while it works.
 */
export const heapFlags = ['--max-semi-space-size=4', '--heap-growing-percent=30'];
