package org.touchstone.tools.model.inference;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/** Writes down the launches of one batch shape. Its tensors are views of the workspace. */
final class Recorder {
  private final Operators operators;
  private final Workspace workspace;
  private final long tokens;
  private final List<Program.Launch<?>> launches;

  Recorder(Operators operators, Workspace workspace, long tokens) {
    this(operators, workspace, tokens, new ArrayList<>());
  }

  private Recorder(
      Operators operators, Workspace workspace, long tokens, List<Program.Launch<?>> launches) {
    this.operators = operators;
    this.workspace = workspace;
    this.tokens = tokens;
    this.launches = launches;
  }

  /** Returns a recorder that continues the same program with another number of rows. */
  Recorder withTokens(long other) {
    return new Recorder(operators, workspace, other, launches);
  }

  /** Returns the number of rows T of every activation. */
  long tokens() {
    return tokens;
  }

  /** Adds a launch. */
  <A extends Args> void add(OpSpec<A> spec, A args) {
    launches.add(new Program.Launch<>(operators.prepare(spec), args));
  }

  /** Returns the tensor [T, width] of a role; the same role and width mean the same memory. */
  Tensor scratch(String role, DType dtype, long width) {
    return workspace.tensor(role, dtype, Shape.of(tokens, width));
  }

  List<Program.Launch<?>> launches() {
    return launches;
  }
}
