package org.touchstone.tools.arrow;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.report.ReportFormat;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A report as an Arrow IPC file: a row per result, the columns of the CSV format, metrics null
 * where nothing was judged and infinite where they are. The schema's metadata has everything else
 * of the JSON format, member by member, as JSON.
 */
public final class ArrowReport {
  private static final ArrowType TEXT = ArrowType.Utf8.INSTANCE;
  private static final ArrowType COUNT = new ArrowType.Int(Long.SIZE, true);
  private static final ArrowType NUMBER =
      new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final VectorSchemaRoot root;
  private final List<CaseResult> rows;

  private ArrowReport(VectorSchemaRoot root, List<CaseResult> rows) {
    this.root = root;
    this.rows = rows;
  }

  /** Writes a report; the stream stays open. */
  public static void write(ConformanceReport report, OutputStream out) throws IOException {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot root = VectorSchemaRoot.create(schema(report), allocator)) {
      new ArrowReport(root, report.results()).fill();
      // Closing the writer would close the stream, which is the caller's.
      ArrowFileWriter writer = new ArrowFileWriter(root, null, Channels.newChannel(out));
      writer.start();
      writer.writeBatch();
      writer.end();
    }
  }

  private static Schema schema(ConformanceReport report) {
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> member :
        JSON.readTree(ReportFormat.JSON.render(withoutRows(report))).properties()) {
      if (!member.getKey().equals("results") && !member.getKey().equals("summary")) {
        metadata.put(member.getKey(), JSON.writeValueAsString(member.getValue()));
      }
    }
    return new Schema(
        List.of(
            field("device", TEXT, false),
            field("case", TEXT, false),
            field("op", TEXT, false),
            field("outcome", TEXT, false),
            field("reason", TEXT, false),
            field("maxErrorOverBound", NUMBER, true),
            field("nmse", NUMBER, true),
            field("cosine", NUMBER, true),
            field("ulp", NUMBER, true),
            field("kernel", TEXT, false),
            field("traits", TEXT, false),
            field("ns", COUNT, false),
            field("repro", TEXT, false)),
        metadata);
  }

  private static ConformanceReport withoutRows(ConformanceReport report) {
    return new ConformanceReport(
        List.of(), report.mutants(), report.environment(), report.notes(), report.exit());
  }

  private static Field field(String name, ArrowType type, boolean nullable) {
    return new Field(name, new FieldType(nullable, type, null), List.of());
  }

  private void fill() {
    text("device", CaseResult::device);
    text("case", CaseResult::name);
    text("op", CaseResult::op);
    text("outcome", row -> row.outcome().label());
    text("reason", CaseResult::reason);
    number("maxErrorOverBound", row -> metric(row, m -> m.errorOverBound()));
    number("nmse", row -> metric(row, m -> m.nmse()));
    number("cosine", row -> metric(row, m -> m.cosine()));
    number("ulp", row -> metric(row, m -> m.ulp()));
    text("kernel", CaseResult::kernel);
    text("traits", CaseResult::traits);
    count("ns", CaseResult::nanos);
    text("repro", CaseResult::repro);
    root.setRowCount(rows.size());
  }

  private static OptionalDouble metric(
      CaseResult row,
      java.util.function.ToDoubleFunction<org.touchstone.conformance.judge.Metrics> of) {
    return row.metrics().stream().mapToDouble(of).findFirst();
  }

  private <V extends FieldVector> V column(String name, Class<V> type) {
    V vector = type.cast(root.getVector(name));
    vector.setInitialCapacity(rows.size());
    vector.allocateNew();
    return vector;
  }

  private void text(String name, Function<CaseResult, String> value) {
    VarCharVector vector = column(name, VarCharVector.class);
    for (int i = 0; i < rows.size(); i++) {
      vector.setSafe(i, value.apply(rows.get(i)).getBytes(StandardCharsets.UTF_8));
    }
  }

  private void number(String name, Function<CaseResult, OptionalDouble> value) {
    Float8Vector vector = column(name, Float8Vector.class);
    for (int i = 0; i < rows.size(); i++) {
      OptionalDouble number = value.apply(rows.get(i));
      if (number.isPresent()) {
        vector.setSafe(i, number.getAsDouble());
      } else {
        vector.setNull(i);
      }
    }
  }

  private void count(String name, ToLongFunction<CaseResult> value) {
    BigIntVector vector = column(name, BigIntVector.class);
    for (int i = 0; i < rows.size(); i++) {
      vector.setSafe(i, value.applyAsLong(rows.get(i)));
    }
  }
}
