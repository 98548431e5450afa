// ql[row, h] = W_UK_h^T q[row, h]: the query absorbed into the latent space. Source: DeepSeek-V2 (arXiv
// 2405.04434).

#define ABSORBED_ROWS 4

// Groups: 1, heads, tiles of rows; a row is a query of a sequence.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void absorb(
    in_t q, ulong q_at, ulong q_batch, ulong q_token, ulong q_head, in_t w, ulong w_at, out_t ql,
    ulong ql_at, int q_type, int w_type, int heads, int nope, int latent, ulong head_rows,
    long queries, long rows) {
  ulong head = get_group_id(1);
  long first = (long)get_group_id(2) * ABSORBED_ROWS;
  int count = (int)min((long)ABSORBED_ROWS, rows - first);
  q += q_at;
  w += w_at;
  ulong from[ABSORBED_ROWS];
  for (int r = 0; r < ABSORBED_ROWS; r++) {
    // What lies beyond the last row repeats it and is not stored.
    long row = min(first + r, rows - 1);
    from[r] = row / queries * q_batch + row % queries * q_token + head * q_head;
  }
  for (int c = FIRST; c < latent; c += STEP) {
    lanes sum[ABSORBED_ROWS];
    for (int r = 0; r < ABSORBED_ROWS; r++) {
      sum[r] = 0;
    }
    for (int d = 0; d < nope; d++) {
      lanes x = load_lanes(w, w_type, (head * head_rows + d) * latent + c, latent - c);
      for (int r = 0; r < ABSORBED_ROWS; r++) {
        sum[r] = fma((lanes)(load(q, q_type, from[r] + d)), x, sum[r]);
      }
    }
    for (int r = 0; r < count; r++) {
      store_lanes(
          ql + ql_at, F32, ((ulong)(first + r) * heads + head) * latent + c, latent - c, sum[r]);
    }
  }
}
