package com.example.acme;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.junit.ConformanceTests;

class AcmeConformanceTest {
  @TestFactory
  Stream<DynamicTest> conformance() {
    return ConformanceTests.of("acme://0", Level.L1);
  }
}
