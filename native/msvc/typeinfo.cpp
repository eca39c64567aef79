// The vtable of type_info, to which every type descriptor of thrown and polymorphic types points.
//
// No run-time DLL exports it: MSVC's import library carries it as an object file. vcruntime140.dll compares types by
// their decorated names and never calls through this table. It is written as data because clang, given a class of that
// name, refers to the table of an external one.

static void* destroyTypeInfo(void* self, unsigned) { return self; }

extern void* (*const typeInfoTable[])(void*, unsigned) __asm__("??_7type_info@@6B@");
void* (*const typeInfoTable[])(void*, unsigned) = {destroyTypeInfo};
