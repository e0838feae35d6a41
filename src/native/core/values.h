/* Converts between values of the script and of C. */
#ifndef CNI_TAP_VALUES_H
#define CNI_TAP_VALUES_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

JSValue string_of_bytes(JSContext *ctx, const uint8_t *bytes, size_t length);
const char *bytes_of_string(JSContext *ctx, JSValueConst value, size_t *length);

/* Read a number (0 to most) of an object, or an element or the length of an array. False: exception pending. */
bool read_uint(JSContext *ctx, JSValueConst object, const char *name, double most, double *number);
bool read_uint_at(JSContext *ctx, JSValueConst array, uint32_t index, uint32_t *number);
bool read_length(JSContext *ctx, JSValueConst array, uint32_t *length);

void set_property(JSContext *ctx, JSValueConst object, const char *name, JSValue value);
JSValue unless_exception(JSContext *ctx, JSValue value);

#endif
