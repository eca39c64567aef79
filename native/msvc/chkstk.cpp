// __chkstk: touches each page of a stack frame larger than one page, top down. The size is in rax and survives.

#if defined(_M_X64)
extern "C" __attribute__((naked)) void __chkstk()
{
    __asm__(R"(
        pushq %rcx
        pushq %rax
        leaq 24(%rsp), %rcx
    1:  cmpq $0x1000, %rax
        jb 2f
        subq $0x1000, %rcx
        testl %eax, (%rcx)
        subq $0x1000, %rax
        jmp 1b
    2:  subq %rax, %rcx
        testl %eax, (%rcx)
        popq %rax
        popq %rcx
        retq
    )");
}
#endif
