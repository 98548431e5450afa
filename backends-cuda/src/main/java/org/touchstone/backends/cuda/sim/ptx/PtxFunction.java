package org.touchstone.backends.cuda.sim.ptx;

import java.util.List;
import java.util.Map;

/**
 * A kernel ({@code .entry}) or a device function ({@code .func}).
 *
 * <p>Names in the body are unique: what nested scopes declare is renamed by the parser.
 *
 * @param kernel whether it is an entry
 * @param returns the formal results of a device function
 * @param parameters the formal parameters
 * @param attributes performance directives: {@code maxntid}, {@code reqntid}, …, with their numbers
 * @param registers type by name
 * @param variables shared, local and param variables declared in the body
 * @param labels index into {@code body} by name
 * @param tables lists of labels that {@code .branchtargets} declares, by name
 */
public record PtxFunction(
    int line,
    String name,
    boolean kernel,
    List<PtxVariable> returns,
    List<PtxVariable> parameters,
    Map<String, List<Integer>> attributes,
    Map<String, String> registers,
    Map<String, PtxVariable> variables,
    Map<String, Integer> labels,
    Map<String, List<String>> tables,
    List<PtxInstruction> body) {}
