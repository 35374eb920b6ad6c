#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

// Sums and casts in macros, which Swift does not import.
static const TPM2_PT coffer_pt_manufacturer = TPM2_PT_MANUFACTURER;
static const TPM2_PT coffer_pt_firmware_version_1 = TPM2_PT_FIRMWARE_VERSION_1;
static const TPM2_PT coffer_pt_firmware_version_2 = TPM2_PT_FIRMWARE_VERSION_2;
static const TPM2_PT coffer_pt_permanent = TPM2_PT_PERMANENT;
static const TPM2_PT coffer_pt_lockout_counter = TPM2_PT_LOCKOUT_COUNTER;
static const TPM2_PT coffer_pt_max_auth_fail = TPM2_PT_MAX_AUTH_FAIL;
static const TPM2_PT coffer_pt_lockout_interval = TPM2_PT_LOCKOUT_INTERVAL;
static const TPM2_PT coffer_pt_lockout_recovery = TPM2_PT_LOCKOUT_RECOVERY;
static const TPM2_CAP coffer_cap_pcrs = TPM2_CAP_PCRS;
static const TPM2_CAP coffer_cap_tpm_properties = TPM2_CAP_TPM_PROPERTIES;
static const TPMA_PERMANENT coffer_owner_auth_set = TPMA_PERMANENT_OWNERAUTHSET;
static const TPMA_PERMANENT coffer_endorsement_auth_set = TPMA_PERMANENT_ENDORSEMENTAUTHSET;
static const TPMA_PERMANENT coffer_lockout_auth_set = TPMA_PERMANENT_LOCKOUTAUTHSET;
static const TPMA_PERMANENT coffer_in_lockout = TPMA_PERMANENT_INLOCKOUT;
static const ESYS_TR coffer_no_session = ESYS_TR_NONE;
static const TPM2_SU coffer_startup_clear = TPM2_SU_CLEAR;
static const TSS2_RC coffer_rc_initialize = TPM2_RC_INITIALIZE;
static const ESYS_TR coffer_password = ESYS_TR_PASSWORD;
static const ESYS_TR coffer_owner = ESYS_TR_RH_OWNER;
static const TPM2_ALG_ID coffer_alg_rsa = TPM2_ALG_RSA;
static const TPM2_ALG_ID coffer_alg_aes = TPM2_ALG_AES;
static const TPM2_ALG_ID coffer_alg_keyed_hash = TPM2_ALG_KEYEDHASH;
static const TPM2_ALG_ID coffer_alg_sha256 = TPM2_ALG_SHA256;
static const TPM2_ALG_ID coffer_alg_null = TPM2_ALG_NULL;
static const TPM2_ALG_ID coffer_alg_rsassa = TPM2_ALG_RSASSA;
static const TPM2_ALG_ID coffer_alg_ecc = TPM2_ALG_ECC;
static const TPM2_ALG_ID coffer_alg_cfb = TPM2_ALG_CFB;
static const TPM2_ECC_CURVE coffer_curve_p256 = TPM2_ECC_NIST_P256;
static const TPM2_SE coffer_session_hmac = TPM2_SE_HMAC;
static const TPM2_SE coffer_session_policy = TPM2_SE_POLICY;
static const TPMA_SESSION coffer_session_encrypted =
    TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
static const TPMA_OBJECT coffer_object_sealed = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT;
static const TPMA_OBJECT coffer_object_no_da = TPMA_OBJECT_NODA;
static const TPMA_OBJECT coffer_object_storage =
    TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT | TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH;
static const TPMA_OBJECT coffer_object_verifier =
    TPMA_OBJECT_DECRYPT | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH;
static const TPM2_CAP coffer_cap_handles = TPM2_CAP_HANDLES;
static const TPMA_SESSION coffer_session_continued = TPMA_SESSION_CONTINUESESSION;
static const TPMA_NV coffer_nv_counter = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) |
    TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
static const TPMA_NV coffer_nv_written = TPMA_NV_WRITTEN;
static const TPM2_EO coffer_unsigned_le = TPM2_EO_UNSIGNED_LE;
static const TSS2_RC coffer_rc_policy = TPM2_RC_POLICY;
static const TSS2_RC coffer_rc_nv_defined = TPM2_RC_NV_DEFINED;
static const TSS2_RC coffer_rc_nv_space = TPM2_RC_NV_SPACE;
