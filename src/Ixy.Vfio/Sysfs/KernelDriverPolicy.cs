namespace Ixy.Vfio;

/// <summary>What the sysfs transport does with a kernel driver that holds the function.</summary>
public enum KernelDriverPolicy
{
    /// <summary>Leaves it alone and fails, naming the command that unbinds it.</summary>
    Refuse,

    /// <summary>Unbinds it, unless its network interface is in use (see <see cref="InterfaceInUseException"/>).</summary>
    UnbindIfUnused,

    /// <summary>Unbinds it, whoever uses its network interface.</summary>
    ForceUnbind,
}
