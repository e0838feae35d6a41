/* What a terminal would obey in a JSON text: U+007F and the C1 control characters, U+0080 to U+009F in UTF-8. */
#ifndef CNI_TAP_CONTROL_H
#define CNI_TAP_CONTROL_H

#include <stddef.h>
#include <stdint.h>

/* Bytes by which a text grows when they are escaped; 0 where there are none. */
size_t control_growth(const uint8_t *text, size_t length);

/* Copies a text with them escaped, `\u009b`; returns the end of the copy. */
uint8_t *control_escape(uint8_t *to, const uint8_t *text, size_t length);

#endif
