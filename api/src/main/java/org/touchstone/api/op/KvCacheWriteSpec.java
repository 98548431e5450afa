package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Writes new keys and values into a paged cache: token t goes to page {@code slot / pageSize},
 * place {@code slot % pageSize}, with {@code slot = slotMapping[t]}; -1 and slots outside the cache
 * are skipped. Everything else in the cache stays as it is. Two tokens with one slot are not legal.
 *
 * @param kind SEPARATE caches for keys and values, or one LATENT cache of rows [key | value]
 * @param input element type of key and value: F32 or BF16
 * @param cache element type of the caches: F32 or BF16
 * @param kvHeads heads; 1 for LATENT
 * @param keyDim elements per head and key; for LATENT the latent part dc
 * @param valueDim elements per head and value; for LATENT the rotary part dr
 * @param pageSize tokens per page
 */
public record KvCacheWriteSpec(
    Kind kind, DType input, DType cache, long kvHeads, long keyDim, long valueDim, long pageSize)
    implements OpSpec<KvCacheWriteArgs> {
  /** How a token lies in the cache. */
  public enum Kind {
    /** Keys [pages, page, kvHeads, keyDim] and values [pages, page, kvHeads, valueDim]. */
    SEPARATE,
    /** One cache [pages, page, keyDim + valueDim]. */
    LATENT
  }

  /** Checks types and ranges. */
  public KvCacheWriteSpec {
    Op op = Op.KV_CACHE_WRITE;
    Require.oneOf(op, "input", input, DType.F32, DType.BF16);
    Require.oneOf(op, "cache", cache, DType.F32, DType.BF16);
    Require.positive(op, "kvHeads", kvHeads);
    Require.that(
        kind == Kind.SEPARATE || kvHeads == 1, op, "a latent cache has 1 head, not " + kvHeads);
    Require.positive(op, "keyDim", keyDim);
    Require.positive(op, "valueDim", valueDim);
    Require.positive(op, "pageSize", pageSize);
  }

  @Override
  public Op op() {
    return Op.KV_CACHE_WRITE;
  }

  @Override
  public Class<KvCacheWriteArgs> argsType() {
    return KvCacheWriteArgs.class;
  }

  @Override
  public Signature signature() {
    Dim tokens = Dim.of("T");
    Dim heads = Dim.of(kvHeads);
    Dim pages = Dim.of("pages");
    Dim page = Dim.of(pageSize);
    boolean latent = kind == Kind.LATENT;
    Signature.Builder builder =
        Signature.of(op())
            .in("key", input, tokens, heads, Dim.of(keyDim))
            .in("value", input, tokens, heads, Dim.of(valueDim))
            .in("slotMapping", DType.I64, tokens);
    return latent
        ? builder
            .inOut("keyCache", cache, pages, page, Dim.of(keyDim + valueDim))
            .dense()
            .inOutIf(false, "valueCache", cache)
            .build()
        : builder
            .inOut("keyCache", cache, pages, page, heads, Dim.of(keyDim))
            .dense()
            .inOutIf(true, "valueCache", cache, pages, page, heads, Dim.of(valueDim))
            .dense()
            .build();
  }
}
