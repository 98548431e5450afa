package org.touchstone.tools.model;

import java.util.List;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.OpSpec;

/** The second half of a decoder layer. */
public sealed interface FeedForward permits Mlp, Moe {
  /** Returns the element type of the normalised input. */
  DType input();

  /** Returns every operator that it needs. */
  List<OpSpec<?>> specs();
}
