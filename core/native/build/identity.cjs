// What a built library must belong to: these sources and this processor. CommonJS, so that the program can ask while it loads
// without having to wait.
const { createHash } = require('node:crypto');
const { readdirSync, readFileSync } = require('node:fs');
const { arch, cpus, platform } = require('node:os');
const { join } = require('node:path');

/** SHA-256 over names and contents of files in `sources`. */
function hashFiles(sources, names) {
  const hash = createHash('sha256');
  for (const name of names) {
    const text = readFileSync(join(sources, name));
    hash.update(`${name}\0`).update(text).update('\0');
  }
  return hash.digest('hex');
}

/** Names of the C++ sources and headers in `sources`, in order. */
function sourceNames(sources) {
  return readdirSync(sources)
    .filter((name) => name.endsWith('.cpp') || name.endsWith('.h'))
    .sort();
}

/** SHA-256 over names and contents of the C++ sources in `sources`. */
function hashSources(sources) {
  return hashFiles(sources, sourceNames(sources));
}

/** What -march=native depends on: the model and, where the system tells them, its features. */
function processorName() {
  const name = `${platform()} ${arch()} ${cpus()[0]?.model ?? 'unknown'}`;
  try {
    const features = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    return `${name}, features ${createHash('sha256').update(features.trim()).digest('hex').slice(0, 12)}`;
  } catch {
    return name;
  }
}

module.exports = { hashFiles, hashSources, processorName, sourceNames };
