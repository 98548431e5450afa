package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.ptx.PtxException;

/** Tests what the parser and decoder accept, and how they refuse. */
class PtxSyntaxTest {
  @Test
  void unknownInstructionIsAnErrorAtLoadThatNamesItsLine() {
    String ptx = Kernels.module(0, "frobnicate.b32 %r1, %r2;\nret;");
    assertThatThrownBy(() -> Kernels.device().load(ptx))
        .isInstanceOf(PtxException.class)
        .hasMessageContaining("ptx line 12")
        .hasMessageContaining("frobnicate");
  }

  @Test
  void unknownModifierIsAnErrorAtLoad() {
    for (String in :
        new String[] {
          "add.rn.magic.f32 %f1, %f2, %f3;",
          "ld.global.magic.u32 %r1, [%rd1];",
          "cvt.rn.satfinite.e3m4x2.f32 %h1, %f1, %f2;",
          "mma.sync.aligned.m16n8k16.col.row.f32.f16.f16.f32 {%r1}, {%r1}, {%r1}, {%r1};",
          "setp.zz.s32 %p1, %r1, %r2;",
          "bar.magic 0;"
        }) {
      assertThatThrownBy(() -> Kernels.device().load(Kernels.module(0, in)))
          .as(in)
          .isInstanceOf(PtxException.class);
    }
  }

  @Test
  void undeclaredRegisterAndUnknownLabelAreErrors() {
    assertThatThrownBy(() -> Kernels.device().load(Kernels.module(0, "add.s32 %r1, %x, 1;")))
        .hasMessageContaining("%x");
    assertThatThrownBy(() -> Kernels.device().load(Kernels.module(0, "bra nowhere;")))
        .hasMessageContaining("nowhere");
  }

  @Test
  void nestedScopesHideOuterNames() {
    SimDevice device = Kernels.device();
    long out = Kernels.upload(device, new int[2]);
    String body =
        """
        ld.param.u64 %rd1, [p0];
        mov.u32 %r1, 7;
        { .reg .b32 %r1; mov.u32 %r1, 9; st.global.u32 [%rd1], %r1; bra done; done: }
        { .reg .pred q; setp.eq.s32 q, %r1, 7; @!q bra done; st.global.u32 [%rd1+4], %r1; done: }
        ret;
        """;
    Kernels.run(device, Kernels.module(1, body), LaunchConfig.of(1, 1, 0), out);
    assertThat(Kernels.ints(device, out, 2)).containsExactly(9, 7);
  }
}
