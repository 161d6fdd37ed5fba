// For every Node in the emulated machine (NODE_OPTIONS=--require=…). There, a thread that calls a function of WebAssembly does not reliably
// see that another one has just put a faster version in its place, and jumps into the void: one in ten processes that strip types from
// sixty files dies of it ("Check failed: it->second.Size() > offset", or a segmentation fault); on a real processor none of a thousand.
// So the thread that calls compiles as well.
require('node:v8').setFlagsFromString('--wasm-sync-tier-up');
