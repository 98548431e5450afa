package org.touchstone.backends.cuda.op;

import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;

/** Launches of module {@code mla}: products with a head's part of W_kvb. */
final class MlaProducts {
  private MlaProducts() {}

  /** Expands every token's latent into the keys and values of all heads, FP32 [T, rows]. */
  static void expandTokens(
      BackendQueue queue,
      CudaFunction kernel,
      Tensor latent,
      Tensor weight,
      DevicePointer expanded,
      MlaDims dims) {
    long tokens = latent.dim(0);
    Launches.warps(
        queue,
        kernel,
        tokens * dims.expandedRows(),
        new KernelParams()
            .pointer(Launches.pointer(latent))
            .pointer(Launches.pointer(weight))
            .pointer(expanded)
            .i64(tokens)
            .i64(dims.expandedRows())
            .i64(dims.latentDim())
            .i64(Launches.step(latent, 0))
            .i32(Launches.type(latent.dtype()))
            .i32(Launches.type(weight.dtype())));
  }

  /** Takes queries [B, Sq, heads, dn] into the latent space, [B Sq, heads, dc]. */
  static void absorb(
      BackendQueue queue,
      CudaFunction kernel,
      Tensor queries,
      Tensor weight,
      DevicePointer latent,
      DType latentType,
      MlaDims dims) {
    long tokens = queries.dim(0) * queries.dim(1);
    KernelParams params =
        new KernelParams()
            .pointer(Launches.pointer(queries))
            .pointer(Launches.pointer(weight))
            .pointer(latent);
    describe(params, tokens, queries, dims);
    params
        .i32(Launches.type(queries.dtype()))
        .i32(Launches.type(weight.dtype()))
        .i32(Launches.type(latentType));
    Launches.tasks(queue, kernel, tokens * dims.heads() * dims.latentDim(), params);
  }

  /** Takes latent outputs, FP32 [B Sq, heads, dc], to values [B, Sq, heads, dv]. */
  static void expand(
      BackendQueue queue,
      CudaFunction kernel,
      DevicePointer latent,
      Tensor weight,
      Tensor outputs,
      MlaDims dims) {
    long tokens = outputs.dim(0) * outputs.dim(1);
    KernelParams params =
        new KernelParams()
            .pointer(latent)
            .pointer(Launches.pointer(weight))
            .pointer(Launches.pointer(outputs));
    describe(params, tokens, outputs, dims);
    params.i32(Launches.type(weight.dtype())).i32(Launches.type(outputs.dtype()));
    Launches.warps(queue, kernel, tokens * dims.heads() * dims.valueDim(), params);
  }

  private static void describe(KernelParams params, long tokens, Tensor tensor, MlaDims dims) {
    params
        .i64(tokens)
        .i64(tensor.dim(1))
        .i64(dims.heads())
        .i64(dims.nopeDim())
        .i64(dims.valueDim())
        .i64(dims.latentDim())
        .i64(Launches.step(tensor, 0))
        .i64(Launches.step(tensor, 1))
        .i64(Launches.step(tensor, 2));
  }
}
