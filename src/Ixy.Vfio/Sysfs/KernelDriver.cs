namespace Ixy.Vfio.Sysfs;

/// <summary>Takes a function from its kernel driver.</summary>
internal static class KernelDriver
{
    /// <summary>Unbinds the driver as far as the policy allows; does nothing where there is none.</summary>
    /// <exception cref="InterfaceInUseException">A network interface of the function is in use.</exception>
    /// <exception cref="PciDeviceException">The policy is to leave it alone, or the kernel refused.</exception>
    internal static void Release(SysfsFunction function, KernelDriverPolicy policy)
    {
        if (function.Driver is not { } driver) return;
        string command = $"echo {function.Name} | sudo tee {function.Directory}/driver/unbind";
        if (policy == KernelDriverPolicy.Refuse)
            throw new PciDeviceException($"{function.Name} is held by the kernel driver {driver}: release it with '{command}'");
        if (policy == KernelDriverPolicy.UnbindIfUnused) RefuseInterfaceInUse(function, $"'{command}'");
        try
        {
            File.WriteAllText(Path.Combine(function.Directory, "driver", "unbind"), function.Name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PciDeviceException($"{function.Name} cannot be taken from the kernel driver {driver}: {error.Message}", error);
        }
    }

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
