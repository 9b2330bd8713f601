/// The version of the package. `ES_VERSION` in `eventsource.h` repeats it, and a test compares the two.
package let packageVersion = "0.2.0"
