package org.touchstone.backends.cpu.simd;

import java.util.Optional;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code attention_decode_paged}: see {@link PagedAttention}. */
final class AttentionDecodePagedKernel implements Kernel<AttentionDecodePagedArgs> {
  private final AttentionDecodePagedSpec spec;
  private final Engine engine;
  private final PagedAttention attention;

  private AttentionDecodePagedKernel(
      AttentionDecodePagedSpec spec, boolean joining, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    attention =
        new PagedAttention(
            HeadBlocks.of(spec.heads(), spec.kvHeads()),
            spec.headDim(),
            spec.valueDim(),
            AttentionTile.Values.SEPARATE,
            spec.mask(),
            spec.scale(),
            spec.softcap(),
            joining);
  }

  static Plan<AttentionDecodePagedArgs> plan(AttentionDecodePagedSpec spec, Engine engine) {
    MicroKernels kernels = engine.kernels();
    Optional<KernelTraits> joining =
        AttentionTile.Sharing.of(spec.heads() / spec.kvHeads()) == AttentionTile.Sharing.FEW
            ? kernels
                .joinedAttentionTraits(spec.dtype(), spec.cache(), spec.headDim(), spec.valueDim())
                .filter(traits -> spec.numerics().refuse(traits).isEmpty())
            : Optional.empty();
    return Plan.runs(
        (joining.isPresent() ? "flash-split-joined." : "flash-split.") + kernels.name(),
        joining.orElseGet(() -> kernels.attentionTraits(spec.headDim())),
        new AttentionDecodePagedKernel(spec, joining.isPresent(), engine));
  }

  @Override
  public long workspaceBytes(AttentionDecodePagedArgs args) {
    return KeySplits.workspaceBytes(
        args.q().dim(0) * args.q().dim(1) * spec.heads(),
        args.blockTable().dim(1) * spec.pageSize(),
        spec.valueDim());
  }

  @Override
  public void launch(BackendQueue queue, AttentionDecodePagedArgs args, DeviceMemory workspace) {
    PageTable pages = new PageTable(args.blockTable(), args.seqLens(), spec.pageSize());
    attention.run(
        new Tensors(args),
        args.q().dim(0),
        args.q().dim(1),
        pages,
        KeySplits.of(workspace, 0, pages.capacity(), spec.valueDim()),
        engine);
  }

  private static final class Tensors implements PagedAttention.Tensors {
    private final TokenRows q;
    private final TokenRows k;
    private final TokenRows v;
    private final AttentionOutputs outputs;

    Tensors(AttentionDecodePagedArgs args) {
      q = TokenRows.of(args.q());
      k = TokenRows.ofPages(args.kCache());
      v = TokenRows.ofPages(args.vCache());
      outputs = new AttentionOutputs(args.o(), args.lse(), args.sinks());
    }

    @Override
    public void query(AttentionTile tile, int row, long sequence, long query, long head) {
      q.give(tile, row, 0, sequence, query, head);
    }

    @Override
    public AttentionTile.Source keys(KeyRows.TokenOrder order, long keyHead) {
      return new KeyRows(k, v, order, 0, keyHead);
    }

    @Override
    public void join(AttentionTile tile, int keyHeads) {
      tile.join(keyHeads, k.headPitch(), v.headPitch());
    }

    @Override
    public void finish(AttentionTile tile, int row, long sequence, long query, long head) {
      outputs.finish(tile, row, sequence, query, head);
    }
  }
}
