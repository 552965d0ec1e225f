namespace Ixy.Vfio.Sysfs;

/// <summary>What speaks against taking a function from its kernel driver.</summary>
internal static class KernelDriver
{
    /// <param name="function">Whose driver is about to be unbound.</param>
    /// <param name="force">What takes it all the same.</param>
    /// <exception cref="InterfaceInUseException">A network interface of it is in use.</exception>
    internal static void RefuseInterfaceInUse(SysfsFunction function, string force)
    {
        if (function.FindInterfaceUse() is not { } use) return;
        throw new InterfaceInUseException(
            $"{function.Name} is {(use.Interface is null ? "a card whose network interface" : $"the network interface {use.Interface}, which")} " +
            $"{use.What}, so unbinding its driver would cut connections: take it out of use with '{use.Cure}', or, if it may go, {force}",
            use.Interface ?? "");
    }
}
