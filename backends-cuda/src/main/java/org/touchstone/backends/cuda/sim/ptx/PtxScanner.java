package org.touchstone.backends.cuda.sim.ptx;

import java.util.ArrayList;
import java.util.List;

/** Cuts PTX text into statements and knows on which line each began. */
final class PtxScanner {
  private final String text;
  private int position;
  private int line = 1;

  PtxScanner(String text) {
    this.text = blankComments(text);
  }

  /** Replaces comments by blanks, so that offsets and lines stay. */
  private static String blankComments(String text) {
    char[] chars = text.toCharArray();
    int i = 0;
    while (i < chars.length) {
      char c = chars[i];
      char next = i + 1 < chars.length ? chars[i + 1] : 0;
      if (c == '"') {
        i++;
        while (i < chars.length && chars[i] != '"' && chars[i] != '\n') {
          i++;
        }
        i++;
      } else if (c == '/' && next == '/') {
        while (i < chars.length && chars[i] != '\n') {
          chars[i++] = ' ';
        }
      } else if (c == '/' && next == '*') {
        while (i < chars.length
            && !(chars[i] == '*' && i + 1 < chars.length && chars[i + 1] == '/')) {
          if (chars[i] != '\n') {
            chars[i] = ' ';
          }
          i++;
        }
        for (int k = 0; k < 2 && i < chars.length; k++) {
          chars[i++] = ' ';
        }
      } else {
        i++;
      }
    }
    return new String(chars);
  }

  int line() {
    return line;
  }

  /** Moves to the next character that is not white space; false at the end of the text. */
  boolean skipBlanks() {
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      advance();
    }
    return position < text.length();
  }

  char peek() {
    return text.charAt(position);
  }

  char advance() {
    char c = text.charAt(position++);
    if (c == '\n') {
      line++;
    }
    return c;
  }

  boolean startsWith(String prefix) {
    return text.startsWith(prefix, position);
  }

  /** Reads to the end of the line. */
  String restOfLine() {
    int end = text.indexOf('\n', position);
    end = end < 0 ? text.length() : end;
    String rest = text.substring(position, end).strip();
    position = end;
    return rest;
  }

  /** Reads up to one of the characters outside all brackets, which is left unread. */
  String until(String stops) {
    StringBuilder out = new StringBuilder();
    int start = line;
    int depth = 0;
    while (position < text.length()) {
      char c = peek();
      if (depth == 0 && stops.indexOf(c) >= 0) {
        return out.toString().strip();
      }
      if (c == '(' || c == '[' || c == '{') {
        depth++;
      } else if (c == ')' || c == ']' || c == '}') {
        depth--;
      }
      advance();
      out.append(Character.isWhitespace(c) ? ' ' : c);
    }
    throw new PtxException(start, "the text ends within a statement");
  }

  /** Skips a block in braces that begins after blanks. */
  void skipBraces() {
    until("{");
    int depth = 0;
    do {
      if (position >= text.length()) {
        throw new PtxException(line, "the text ends within braces");
      }
      char c = advance();
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    } while (depth > 0);
  }

  /** Reads a label's name if one stands here, with its colon; else an empty string. */
  String label() {
    int end = position;
    while (end < text.length() && isName(text.charAt(end))) {
      end++;
    }
    int colon = end;
    while (colon < text.length() && text.charAt(colon) == ' ') {
      colon++;
    }
    boolean is =
        end > position
            && colon < text.length()
            && text.charAt(colon) == ':'
            && (colon + 1 >= text.length() || text.charAt(colon + 1) != ':');
    if (!is) {
      return "";
    }
    String name = text.substring(position, end);
    position = colon + 1;
    return name;
  }

  static boolean isName(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '$' || c == '%';
  }

  /** Splits at commas outside all brackets. */
  static List<String> split(String list) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < list.length(); i++) {
      char c = list.charAt(i);
      if (c == '(' || c == '[' || c == '{') {
        depth++;
      } else if (c == ')' || c == ']' || c == '}') {
        depth--;
      } else if (c == ',' && depth == 0) {
        parts.add(list.substring(start, i).strip());
        start = i + 1;
      }
    }
    String last = list.substring(start).strip();
    if (!last.isEmpty() || !parts.isEmpty()) {
      parts.add(last);
    }
    return parts;
  }
}
