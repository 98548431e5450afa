package org.touchstone.tools.peers;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;

/** The threads of libraries that leave them to OpenMP. */
final class OpenMp {
  private OpenMp() {}

  /** Sets how many threads the regions of the calling thread use. */
  @SuppressWarnings("restricted") // a foreign function is called, as everywhere in this module
  static void threads(int count) {
    // The library lies beside its user, in the folder that both were unpacked to.
    Path library = Path.of(Loader.load(dnnl.class)).resolveSibling("libgomp.so.1");
    MemorySegment function =
        SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow("omp_set_num_threads");
    try {
      Linker.nativeLinker()
          .downcallHandle(function, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT))
          .invokeExact(count);
    } catch (Throwable e) {
      throw new IllegalStateException("omp_set_num_threads(" + count + ") failed", e);
    }
  }
}
