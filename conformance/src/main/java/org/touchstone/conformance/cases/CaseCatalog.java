package org.touchstone.conformance.cases;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.touchstone.api.op.Op;

/** The list of generators, and the cases that they make. */
public final class CaseCatalog {
  private final List<OperatorCases> generators;

  /** Creates a catalogue of the given generators. */
  public CaseCatalog(List<OperatorCases> generators) {
    this.generators = List.copyOf(generators);
  }

  /**
   * Returns the catalogue of every operator: one line per generator, in the order of {@link Op}.
   */
  public static CaseCatalog standard() {
    List<OperatorCases> all = new ArrayList<>();
    all.add(new CastCases());
    all.add(new QuantizeCases());
    all.add(new DequantizeCases());
    all.add(new GemmCases());
    all.add(new GemmGroupedCases());
    all.add(new RmsNormCases());
    all.add(new FusedAddRmsNormCases());
    all.add(new GatedActCases());
    all.add(new RopeFreqsCases());
    all.add(new RopeApplyCases());
    all.add(new EmbeddingCases());
    all.add(new AddCases());
    all.add(new SampleCases());
    all.add(new AttentionDecodePagedCases());
    all.add(new AttentionPrefillCases());
    all.add(new KvCacheWriteCases());
    all.add(new MlaDecodeAbsorbedCases());
    all.add(new MlaPrefillCases());
    all.add(new MoeRouteCases());
    all.add(new MoePermuteCases());
    all.add(new MoeAlignBlockSizeCases());
    all.add(new MoeCombineCases());
    all.add(new MoeForwardCases());
    return new CaseCatalog(all);
  }

  /** Returns the generators. */
  public List<OperatorCases> generators() {
    return generators;
  }

  /** Returns the operators without a generator. */
  public Set<Op> missing() {
    Set<Op> missing = EnumSet.allOf(Op.class);
    generators.forEach(g -> missing.removeAll(g.ops()));
    return missing;
  }

  /**
   * Returns the cases of a level and the lower ones, of the given operators, in a fixed order.
   *
   * @throws IllegalStateException when two cases have one name
   */
  public List<TestCase> cases(Level level, Collection<Op> ops) {
    List<TestCase> cases = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (OperatorCases generator : generators) {
      if (generator.ops().stream().noneMatch(ops::contains)) {
        continue;
      }
      generator.generate(
          testCase -> {
            if (!names.add(testCase.name())) {
              throw new IllegalStateException(
                  generator.getClass().getSimpleName()
                      + " makes two cases named "
                      + testCase.name()
                      + "; name what tells them apart with label()");
            }
            if (ops.contains(testCase.op()) && level.includes(testCase.level())) {
              cases.add(testCase);
            }
          });
    }
    return cases;
  }

  /**
   * Finds a case of any level by its complete name; makes it when only its sizes or its placement
   * are not in the catalogue.
   */
  public Optional<TestCase> find(String name) {
    int slash = name.indexOf('/');
    List<Op> ops = slash < 0 ? List.of() : Op.select(name.substring(0, slash));
    List<TestCase> cases = cases(Level.L3, ops);
    return cases.stream()
        .filter(c -> c.name().equals(name))
        .findFirst()
        .or(() -> ResizedCases.find(cases, name));
  }
}
