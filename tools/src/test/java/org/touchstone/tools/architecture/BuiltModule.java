package org.touchstone.tools.architecture;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A module of ours as the build left it, in a folder or a jar.
 *
 * @param descriptor its module-info
 * @param moduleInfo where that lies
 */
record BuiltModule(ModuleDescriptor descriptor, URL moduleInfo) {
  /** Reads something of a module's files. */
  @FunctionalInterface
  interface Reading<T> {
    /** Reads below the module's root. */
    T of(Path root) throws IOException;
  }

  /** Finds the modules on the class path. */
  static List<BuiltModule> all() throws IOException {
    List<BuiltModule> modules = new ArrayList<>();
    for (URL url :
        Collections.list(BuiltModule.class.getClassLoader().getResources("module-info.class"))) {
      ModuleDescriptor descriptor;
      try (InputStream in = url.openStream()) {
        descriptor = ModuleDescriptor.read(in);
      }
      if (descriptor.name().startsWith("org.touchstone.")) {
        modules.add(new BuiltModule(descriptor, url));
      }
    }
    return modules;
  }

  /** Reads something of its files. */
  <T> T read(Reading<T> reading) throws IOException {
    if (moduleInfo.openConnection() instanceof JarURLConnection jar) {
      try (FileSystem files =
          FileSystems.newFileSystem(Path.of(URI.create(jar.getJarFileURL().toString())))) {
        return reading.of(files.getPath("/"));
      }
    }
    Path file = Path.of(URI.create(moduleInfo.toString()));
    return reading.of(file.resolveSibling(""));
  }
}
