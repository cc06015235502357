// For builds without a bulk cipher library.

#include "dtls/bulk_cipher.h"

namespace sluice::dtls {

std::unique_ptr<BulkCipher> BulkCipher::Create(Limit) { return nullptr; }

}  // namespace sluice::dtls
