#include <libcryptsetup.h>

// A cast in a macro, which Swift does not import.
static const uint32_t coffer_pbkdf_no_benchmark = CRYPT_PBKDF_NO_BENCHMARK;

// Shifts of a macro's value, which Swift does not import either.
static const uint32_t coffer_volume_key_no_segment = CRYPT_VOLUME_KEY_NO_SEGMENT;
static const uint32_t coffer_volume_key_digest_reuse = CRYPT_VOLUME_KEY_DIGEST_REUSE;
static const uint32_t coffer_reencrypt_initialize_only = CRYPT_REENCRYPT_INITIALIZE_ONLY;
static const uint32_t coffer_reencrypt_resume_only = CRYPT_REENCRYPT_RESUME_ONLY;
static const uint32_t coffer_reencrypt_recovery = CRYPT_REENCRYPT_RECOVERY;
