package org.touchstone.backends.files;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/** A binary in the cache: magic number, format version, length, SHA-256, binary. */
final class CacheEntry {
  private static final int MAGIC = 0x54534B43;
  private static final int VERSION = 1;
  private static final int DIGEST_BYTES = 32;
  private static final int HEADER_BYTES = 2 * Integer.BYTES + Long.BYTES + DIGEST_BYTES;

  private CacheEntry() {}

  static byte[] of(byte[] payload) {
    return ByteBuffer.allocate(HEADER_BYTES + payload.length)
        .putInt(MAGIC)
        .putInt(VERSION)
        .putLong(payload.length)
        .put(Digest.of(payload))
        .put(payload)
        .array();
  }

  /** Returns the binary; empty when a single bit is wrong. */
  static Optional<byte[]> payload(byte[] entry) {
    if (entry.length < HEADER_BYTES) {
      return Optional.empty();
    }
    ByteBuffer header = ByteBuffer.wrap(entry);
    byte[] digest = new byte[DIGEST_BYTES];
    boolean sound =
        header.getInt() == MAGIC
            && header.getInt() == VERSION
            && header.getLong() == entry.length - HEADER_BYTES;
    header.get(digest);
    byte[] payload = Arrays.copyOfRange(entry, HEADER_BYTES, entry.length);
    return sound && Arrays.equals(digest, Digest.of(payload))
        ? Optional.of(payload)
        : Optional.empty();
  }
}
