package org.touchstone.api.op;

/**
 * Which keys a query sees. Query i of a sequence with Sq queries and Sk keys has the absolute
 * position {@code p = Sk - Sq + i}.
 *
 * @param kind NONE sees every key, CAUSAL keys j with {@code j <= p}
 * @param window for CAUSAL: only keys with {@code j > p - window}, so {@code window} keys including
 *     the query's own; 0 for no window
 */
public record AttentionMask(Kind kind, long window) {
  /** Base of the mask. */
  public enum Kind {
    /** Every key. */
    NONE,
    /** Keys up to the query's position. */
    CAUSAL
  }

  /** Every query sees every key. */
  public static final AttentionMask NONE = new AttentionMask(Kind.NONE, 0);

  /** Every query sees the keys up to its position. */
  public static final AttentionMask CAUSAL = new AttentionMask(Kind.CAUSAL, 0);

  /** Checks the window. */
  public AttentionMask {
    Require.notNegative(Op.ATTENTION_PREFILL, "window", window);
    Require.that(
        window == 0 || kind == Kind.CAUSAL,
        Op.ATTENTION_PREFILL,
        "a window needs a causal mask, not " + kind);
  }

  /** Every query sees its own and the {@code keys - 1} keys before it. */
  public static AttentionMask window(long keys) {
    Require.positive(Op.ATTENTION_PREFILL, "window", keys);
    return new AttentionMask(Kind.CAUSAL, keys);
  }

  /** Returns the first visible key of the query at an absolute position. */
  public long first(long position) {
    return window == 0 ? 0 : Math.max(0, position - window + 1);
  }

  /** Returns the end (exclusive) of the visible keys of the query at an absolute position. */
  public long end(long position, long keys) {
    return kind == Kind.NONE ? keys : Math.clamp(position + 1, 0, keys);
  }
}
