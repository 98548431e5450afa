package org.touchstone.tools.cli;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import com.github.freva.asciitable.OverflowBehaviour;
import java.util.ArrayList;
import java.util.List;

/** A table for people. */
final class Table {
  private static final int WIDEST = 48;

  private final List<Column> columns = new ArrayList<>();
  private final List<Object[]> rows = new ArrayList<>();

  Table(String... headers) {
    for (String header : headers) {
      columns.add(
          new Column()
              .header(header)
              .headerAlign(HorizontalAlign.LEFT)
              .dataAlign(HorizontalAlign.LEFT)
              .maxWidth(WIDEST, OverflowBehaviour.NEWLINE));
    }
  }

  Table row(Object... cells) {
    rows.add(cells);
    return this;
  }

  @Override
  public String toString() {
    return AsciiTable.builder()
        .border(AsciiTable.NO_BORDERS)
        .data(columns.toArray(new Column[0]), rows.toArray(new Object[0][]))
        .asString();
  }
}
