#include <tss2/tss2_esys.h>
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
