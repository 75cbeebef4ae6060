// An independent reader of event files, written from the format: protocol buffer fields by hand, CRC-32C bit by bit.

/** One field of a protocol buffer message under every reading that its wire type allows. */
export interface Field {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly integer: bigint;
  readonly float: number;
  readonly double: number;
}

/** CRC-32C by its definition: polynomial 1edc6f41, reflected 82f63b78. */
function checksum(data: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of data) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  }
  return ~remainder >>> 0;
}

function masked(data: Uint8Array): number {
  const value = BigInt(checksum(data));
  return Number((((value >> 15n) | ((value << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn);
}

/** The data of each record of a file; throws on any wrong length or checksum. */
export function readRecords(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(file.subarray(at, at + 8))) throw new Error('checksum of the length');
    const data = file.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 12 + length, true) !== masked(data)) throw new Error('checksum of the data');
    records.push(data);
    at += 16 + length;
  }
  return records;
}

export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = Number(varint());
    const wireType = key & 7;
    const integer = wireType === 0 ? varint() : 0n;
    const bytes =
      wireType === 1 ? take(8) : wireType === 5 ? take(4) : wireType === 2 ? take(Number(varint())) : new Uint8Array(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    fields.push({
      id: key >> 3,
      bytes,
      text: Buffer.from(bytes).toString('utf8'),
      integer,
      float: bytes.length === 4 ? view.getFloat32(0, true) : Number.NaN,
      double: bytes.length === 8 ? view.getFloat64(0, true) : Number.NaN,
    });
  }
  return fields;
}
