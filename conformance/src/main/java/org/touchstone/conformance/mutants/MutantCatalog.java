package org.touchstone.conformance.mutants;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.MutantSource;

/** All seeded defects: the suite's own and those that backends bring along. */
public final class MutantCatalog {
  private MutantCatalog() {}

  /** Returns the suite's own defects, in a fixed order. */
  public static List<Mutant> own() {
    Seeds seeds = new Seeds();
    GenericMutants.addTo(seeds);
    DeviceMutants.addTo(seeds);
    RuleMutants.addTo(seeds);
    ArgumentMutants.addTo(seeds);
    HandleMutants.addTo(seeds);
    GemmMutants.addTo(seeds);
    RowMutants.addTo(seeds);
    AttentionMutants.addTo(seeds);
    MoeMutants.addTo(seeds);
    return seeds.mutants();
  }

  /**
   * Returns the suite's own defects, then those of every backend, in an order that shards on other
   * machines have, too: modules are found in any.
   */
  public static List<Mutant> all() {
    List<Mutant> all = new ArrayList<>(own());
    ServiceLoader.load(MutantSource.class, MutantSource.class.getClassLoader()).stream()
        .sorted(Comparator.comparing(provider -> provider.type().getName()))
        .forEach(provider -> all.addAll(provider.get().mutants()));
    return all;
  }
}
