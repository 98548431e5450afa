package org.touchstone.tools.peers;

/** Element type that a library computes in. */
enum Precision {
  F32,
  BF16
}
