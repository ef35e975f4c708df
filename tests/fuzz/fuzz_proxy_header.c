/* A load balancer's header. However it is split, it is read the same way, and as early as possible.
 */
#include "tests/fuzz/fuzz.h"

#include "apps/runtime/address_text.h"
#include "apps/server/proxy_header.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sockaddr_storage address = {0}, first_address = {0};
    size_t size = 0, first_size = 0;
    enum proxy_status whole = proxy_header_read((struct bytes){data, len}, &address, &size);
    enum proxy_status status = PROXY_PARTIAL;
    char text[ADDRESS_MAX];

    for (size_t n = 0; n <= len && status == PROXY_PARTIAL; n++)
        status = proxy_header_read((struct bytes){data, n}, &first_address, &first_size);
    require(status == whole);
    require(whole != PROXY_PARTIAL || len < PROXY_HEADER_MAX);
    if (whole == PROXY_ADDRESS || whole == PROXY_OWN)
        require(size == first_size && size <= len && size <= PROXY_HEADER_MAX);
    if (whole == PROXY_ADDRESS) {
        require(memcmp(&address, &first_address, sizeof address) == 0);
        address_text(text, &address, -1);
        require(strlen(text) < sizeof text);
    }
    return 0;
}
