package org.touchstone.tools.peers;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.matmul;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.softmax_forward;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** A sequence of oneDNN primitives and the memory that they share. */
final class OneDnn implements AutoCloseable {
  private final Precision precision;
  private final engine cpu = new engine(engine.kind.cpu, 0);
  private final stream order = new stream(cpu);
  private final List<Pointer> owned = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();

  private record Step(primitive code, IntMemoryMap args) {}

  /** The library has no kernel of its own for this processor, only its plain reference. */
  static final class Unoptimised extends Exception {
    private static final long serialVersionUID = 1;

    Unoptimised(String implementation) {
      super(implementation);
    }
  }

  OneDnn(Precision precision) {
    this.precision = precision;
  }

  /** Adds the product of [.., m, k] and [.., k, n]; dimensions of one are repeated. */
  memory product(memory a, memory b, long... shape) throws Unoptimised {
    return product(a, b, new primitive_attr(), new IntMemoryMap(), shape);
  }

  /** As {@link #product}, then adds {@code bias}. */
  memory biasedProduct(memory a, memory b, memory bias, long... shape) throws Unoptimised {
    post_ops after = new post_ops();
    after.append_binary(dnnl.algorithm.binary_add, bias.get_desc());
    primitive_attr attributes = new primitive_attr();
    attributes.set_post_ops(after);
    IntMemoryMap args = new IntMemoryMap();
    // The argument of the post-operation with number 0.
    args.put(dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | dnnl.DNNL_ARG_SRC_1, bias);
    return product(a, b, attributes, args, shape);
  }

  private memory product(
      memory a, memory b, primitive_attr attributes, IntMemoryMap args, long... shape)
      throws Unoptimised {
    memory.desc c = new memory.desc(shape, type(), strides(shape));
    matmul.primitive_desc plan =
        new matmul.primitive_desc(cpu, a.get_desc(), b.get_desc(), c, attributes, true);
    check(plan);
    return add(new matmul(plan), a, b, c, args);
  }

  /** Adds the product with weights [n, k] that the library brings into the order that it likes. */
  memory linear(memory a, Matrix weights) throws Unoptimised {
    long m = a.get_desc().get_dims().get(0);
    long n = weights.rows();
    long k = weights.columns();
    memory.desc any = new memory.desc(new long[] {k, n}, type(), memory.format_tag.any);
    memory.desc c = new memory.desc(new long[] {m, n}, type(), new long[] {n, 1});
    matmul.primitive_desc plan =
        new matmul.primitive_desc(cpu, a.get_desc(), any, c, new primitive_attr(), true);
    check(plan);
    memory plain = floats(weights, new long[] {k, n}, 1, k);
    memory packed = keep(new memory(plan.weights_desc(), cpu));
    copy(plain, packed);
    drop(plain);
    return add(new matmul(plan), a, packed, c, new IntMemoryMap());
  }

  private memory add(primitive code, memory a, memory b, memory.desc c, IntMemoryMap args) {
    memory result = keep(new memory(c, cpu));
    steps.add(
        new Step(
            keep(code),
            keep(args.put(DNNL_ARG_SRC, a).put(DNNL_ARG_WEIGHTS, b).put(DNNL_ARG_DST, result))));
    return result;
  }

  /** Adds a softmax over the last of {@code rank} dimensions, in place. */
  void softmax(memory x, int rank) throws Unoptimised {
    softmax_forward.primitive_desc plan =
        new softmax_forward.primitive_desc(
            cpu,
            dnnl.prop_kind.forward_inference,
            dnnl.algorithm.softmax_accurate,
            x.get_desc(),
            x.get_desc(),
            rank - 1,
            new primitive_attr(),
            true);
    check(plan);
    steps.add(
        new Step(
            keep(new softmax_forward(plan)),
            keep(new IntMemoryMap().put(DNNL_ARG_SRC, x).put(DNNL_ARG_DST, x))));
  }

  private static void check(primitive_desc_base plan) throws Unoptimised {
    var handle = plan.get(true);
    String implementation =
        handle == null || handle.isNull() ? "none" : plan.impl_info_str().getString();
    if (implementation.equals("none") || implementation.startsWith("ref")) {
      throw new Unoptimised(implementation);
    }
  }

  /** Places dense values. */
  memory values(float[] values, long... shape) {
    return values(values, shape, strides(shape));
  }

  /** Places values that lie with the given distances in elements. */
  memory values(float[] values, long[] shape, long[] strides) {
    memory plain = keep(new memory(new memory.desc(shape, F32, strides), cpu));
    new FloatPointer(plain.get_data_handle()).put(values);
    return inPrecision(plain, shape, strides);
  }

  private memory floats(Matrix matrix, long[] shape, long... strides) {
    memory plain = keep(new memory(new memory.desc(shape, F32, strides), cpu));
    FloatPointer data = new FloatPointer(plain.get_data_handle());
    float[] row = new float[matrix.columns()];
    for (int i = 0; i < matrix.rows(); i++) {
      matrix.read(i, row, 0);
      data.position((long) i * row.length).put(row);
    }
    return plain;
  }

  private memory inPrecision(memory plain, long[] shape, long[] strides) {
    if (precision == Precision.F32) {
      return plain;
    }
    memory narrow = keep(new memory(new memory.desc(shape, type(), strides), cpu));
    copy(plain, narrow);
    drop(plain);
    return narrow;
  }

  private void copy(memory from, memory to) {
    new reorder(from, to).execute(order, from, to);
    order._wait();
  }

  private void drop(memory plain) {
    owned.remove(plain);
    plain.deallocate();
  }

  /** Views the memory of {@code x} with another shape. */
  memory view(memory x, long[] shape, long[] strides) {
    return keep(new memory(new memory.desc(shape, type(), strides), cpu, x.get_data_handle()));
  }

  /** As {@link #view}, from an element on. */
  memory part(memory x, long first, long[] shape, long[] strides) {
    int bytes = precision == Precision.F32 ? Float.BYTES : Short.BYTES;
    Pointer start = new BytePointer(x.get_data_handle()).position(first * bytes);
    return keep(new memory(new memory.desc(shape, type(), strides), cpu, start));
  }

  private <P extends Pointer> P keep(P pointer) {
    owned.add(pointer);
    return pointer;
  }

  private static final memory.data_type F32 = memory.data_type.f32;

  private memory.data_type type() {
    return precision == Precision.F32 ? F32 : memory.data_type.bf16;
  }

  private static long[] strides(long... shape) {
    long[] strides = new long[shape.length];
    long step = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      strides[i] = step;
      step *= shape[i];
    }
    return strides;
  }

  /** Runs every step and waits. */
  void run() {
    for (Step step : steps) {
      step.code.execute(order, step.args);
    }
    order._wait();
  }

  /** Reads a result as FP32. */
  float[] read(memory x, long... shape) {
    memory plain = new memory(new memory.desc(shape, F32, strides(shape)), cpu);
    copy(x, plain);
    long count = 1;
    for (long dim : shape) {
      count *= dim;
    }
    float[] values = new float[Math.toIntExact(count)];
    new FloatPointer(plain.get_data_handle()).get(values);
    plain.deallocate();
    return values;
  }

  @Override
  public void close() {
    owned.reversed().forEach(Pointer::deallocate);
    owned.clear();
    order.deallocate();
    cpu.deallocate();
  }
}
