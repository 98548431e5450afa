package org.touchstone.tools.architecture;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Whoever loads a service says so in module-info. The class path does not ask for it, so nothing
 * else notices before a program runs from the module path, and finds no provider or an error.
 */
class UsesDeclaredTest {
  /** A service that a class asks the loader for. */
  private record Load(String owner, String service) {}

  /** Loads what nobody declares; the loader is another class's. */
  static final class Careless {
    static long count(Class<?> unknown) {
      return ServiceLoader.load(Runnable.class, Careless.class.getClassLoader()).stream().count()
          + ServiceLoader.load(Cloneable.class).stream().count()
          + ServiceLoader.load(unknown).stream().count();
    }
  }

  private static List<Load> loads(byte[] file) {
    ClassModel type = ClassFile.of().parse(file);
    List<Load> loads = new ArrayList<>();
    for (MethodModel method : type.methods()) {
      method.code().ifPresent(code -> loads(name(type.thisClass().asSymbol()), code, loads));
    }
    return loads;
  }

  private static void loads(String owner, CodeModel code, List<Load> loads) {
    Deque<String> classes = new ArrayDeque<>();
    for (CodeElement element : code) {
      if (element instanceof ConstantInstruction constant
          && constant.constantValue() instanceof ClassDesc named) {
        classes.push(name(named));
      } else if (element instanceof InvokeInstruction call) {
        String method = call.name().stringValue();
        boolean ofLoader = name(call.owner().asSymbol()).equals(ServiceLoader.class.getName());
        if (ofLoader && method.startsWith("load")) {
          loads.add(new Load(owner, classes.isEmpty() ? "a class in a variable" : classes.pop()));
          classes.clear();
        } else if (method.equals("getClassLoader") && !classes.isEmpty()) {
          classes.pop();
        }
      }
    }
  }

  private static String name(ClassDesc type) {
    String descriptor = type.descriptorString();
    return type.isClassOrInterface()
        ? descriptor.substring(1, descriptor.length() - 1).replace('/', '.')
        : descriptor;
  }

  private static List<Load> loads(Path root) throws IOException {
    List<Load> loads = new ArrayList<>();
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        loads.addAll(loads(Files.readAllBytes(file)));
      }
    }
    return loads;
  }

  private static List<String> undeclared(ModuleDescriptor module, List<Load> loads) {
    return loads.stream()
        .filter(load -> !module.uses().contains(load.service()))
        .map(load -> module.name() + ": " + load.owner() + " loads " + load.service())
        .toList();
  }

  @Test
  void everyServiceThatIsLoadedIsDeclared() throws IOException {
    List<String> missing = new ArrayList<>();
    Set<String> services = new TreeSet<>();
    for (BuiltModule module : BuiltModule.all()) {
      List<Load> loads = module.read(UsesDeclaredTest::loads);
      loads.forEach(load -> services.add(load.service()));
      missing.addAll(undeclared(module.descriptor(), loads));
    }
    assertThat(missing).as("declare it in module-info: uses SERVICE").isEmpty();
    assertThat(services)
        .contains(
            "org.touchstone.api.HalFactory",
            "org.touchstone.backends.spi.BackendProvider",
            "org.touchstone.backends.spi.ToolCommand",
            "org.touchstone.conformance.bench.Peer")
        .hasSizeGreaterThan(8);
  }

  @Test
  void aServiceThatIsNotDeclaredIsNoticed() throws IOException {
    byte[] file;
    try (InputStream in =
        requireNonNull(
            UsesDeclaredTest.class.getResourceAsStream("UsesDeclaredTest$Careless.class"))) {
      file = in.readAllBytes();
    }
    ModuleDescriptor module =
        ModuleDescriptor.newModule("m").uses(Runnable.class.getName()).build();
    String owner = Careless.class.getName();
    assertThat(undeclared(module, loads(file)))
        .containsExactly(
            "m: " + owner + " loads java.lang.Cloneable",
            "m: " + owner + " loads a class in a variable");
  }
}
