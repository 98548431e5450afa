package org.touchstone.conformance.cases;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.op.Op;

class ResizedCasesTest {
  private final CaseCatalog catalog = CaseCatalog.standard();
  private final List<TestCase> resizable =
      catalog.cases(Level.L3, Arrays.asList(Op.values())).stream()
          .filter(testCase -> testCase.sizes().length > 0)
          .toList();

  @Test
  void everyOperatorHasCasesOfAnySize() {
    Set<Op> ops = EnumSet.noneOf(Op.class);
    resizable.forEach(testCase -> ops.add(testCase.op()));
    assertThat(ops).containsExactlyInAnyOrder(Op.values());
  }

  @Test
  void aCaseMadeWithItsOwnSizesIsTheSameCase() {
    for (TestCase testCase : resizable) {
      Optional<TestCase> made = testCase.resized(testCase.sizes(), testCase.variants().placement());
      assertThat(made).as(testCase.name()).isPresent();
      TestCase again = made.orElseThrow();
      assertThat(again.name()).isEqualTo(testCase.name());
      assertThat(again.spec()).as(testCase.name()).isEqualTo(testCase.spec());
      assertThat(again.extents()).as(testCase.name()).isEqualTo(testCase.extents());
      assertThat(again.sampleLimit()).as(testCase.name()).isEqualTo(testCase.sampleLimit());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemm_bf16/m=2,n=3,k=5,out=F32,bias=NONE,c=OVERWRITE/random",
        "gemm_fp8_block/m=1,n=300,k=999,out=BF16,bias=NONE,c=OVERWRITE/structured/offset",
        "add/x=2x9,a=F32,b=F32,out=F32/random/strided,inplace=y",
        "gemm_grouped/p=6,rows=1+2+3+0,n=5,k=6,operands=FP8_CHANNEL,grouping=OFFSETS,out=BF16/saturating"
      })
  void casesOfOtherSizesAreFoundByTheirNames(String name) {
    assertThat(catalog.find(name).map(TestCase::name)).as(name).contains(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gemm_bf16/m=2,n=3,k=-5,out=F32,bias=NONE,c=OVERWRITE/random",
        "gemm_bf16/m=2,n=3,k=5,out=F64,bias=NONE,c=OVERWRITE/random",
        "gemm_bf16/m=2,n=3,k=5,out=F32,bias=NONE,c=OVERWRITE",
        "mla_prefill/q=1+1,k=3+1,h=4,dc=64,dn=32,dr=16,dv=32,mask=window8,in=BF16,w=BF16,out=BF16/exact_integer",
        "mla_decode_absorbed/sq=1,cache=F32,h=4,dc=64,dn=32,dr=16,dv=32,mask=none,in=F32,w=F32,out=F32,len=17+1,page=16/exact_integer",
        "add/x=2x9,a=F32,b=F32,out=F32/random/upside-down"
      })
  void otherNamesAreNot(String name) {
    assertThat(catalog.find(name)).isEmpty();
  }
}
