#include <libcryptsetup.h>

// A cast in a macro, which Swift does not import.
static const uint32_t coffer_pbkdf_no_benchmark = CRYPT_PBKDF_NO_BENCHMARK;
