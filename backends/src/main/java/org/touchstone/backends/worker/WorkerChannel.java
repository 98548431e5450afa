package org.touchstone.backends.worker;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * The worker's end of the conversation.
 *
 * <p>Replies start on a line of their own with a token that only parent and child know, so whatever
 * a driver prints on stdout cannot be taken for one. The same token ends every request on stderr:
 * the parent has seen each line that was written before the reply.
 */
public final class WorkerChannel {
  static final String TOKEN = "org.touchstone.worker.token";

  private WorkerChannel() {}

  /**
   * Answers requests until the parent closes the channel. {@link System#out} leads to stderr from
   * now on. An exception of the handler ends the process with a stack trace on stderr.
   *
   * @param handler turns a request into a reply, both a single line
   */
  public static void serve(UnaryOperator<String> handler) {
    String token = System.getProperty(TOKEN);
    if (token == null) {
      throw new HalException(
          ErrorCode.CONFIGURATION, "this class serves a parent process; start it as a worker");
    }
    System.setOut(System.err);
    try (OutputStream replies = new FileOutputStream(FileDescriptor.out);
        BufferedReader requests =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = requests.readLine(); line != null; line = requests.readLine()) {
        String reply = handler.apply(line);
        requireOneLine(reply);
        System.err.flush();
        write(System.err, token);
        write(replies, token + reply);
      }
    } catch (IOException e) {
      throw new HalException(
          ErrorCode.INTERNAL, "the channel to the parent process broke", null, null, null, e);
    }
  }

  static void requireOneLine(String text) {
    if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
      throw new HalException(
          ErrorCode.INTERNAL, "requests and replies are single lines, got: " + text);
    }
  }

  private static void write(OutputStream stream, String line) throws IOException {
    // One write: what other threads print stays before or behind it.
    stream.write(("\n" + line + "\n").getBytes(StandardCharsets.UTF_8));
    stream.flush();
  }
}
