using Ixy.Vfio;

namespace Ixy.Hosting;

/// <summary>
/// Is told what passes between a model and its host, while it happens: on the thread that does it, and before the
/// model's next turn or access. It must not access the model through its host. Each member does nothing by default.
/// </summary>
public abstract class FunctionObserver
{
    /// <summary>Software has read 1, 2 or 4 bytes of configuration space.</summary>
    public virtual void ConfigRead(int offset, uint value, int size)
    {
    }

    /// <summary>
    /// Software writes 1, 2 or 4 bytes of configuration space. What follows from it is still to come.
    /// </summary>
    public virtual void ConfigWritten(int offset, uint value, int size)
    {
    }

    /// <summary>Software has read 1, 2 or 4 bytes behind a BAR, by a call.</summary>
    public virtual void BarRead(int bar, uint offset, uint value, int size)
    {
    }

    /// <summary>
    /// Software writes 1, 2 or 4 bytes behind a BAR, by a call. What follows from it is still to come.
    /// </summary>
    public virtual void BarWritten(int bar, uint offset, uint value, int size)
    {
    }

    /// <summary>The host resets the function.</summary>
    public virtual void FunctionReset()
    {
    }

    /// <summary>The device may reach these addresses from now on.</summary>
    public virtual void MemoryMapped(ulong address, ulong length)
    {
    }

    /// <summary>The device may no longer reach these addresses.</summary>
    public virtual void MemoryUnmapped(ulong address, ulong length)
    {
    }

    /// <summary>The device is about to read or write memory, and may.</summary>
    /// <param name="address">As the device knows it.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="purpose">What the model calls it.</param>
    public virtual void MemoryAccessed(ulong address, uint length, string purpose)
    {
    }

    /// <summary>A vector fires, whether or not anyone listens.</summary>
    public virtual void Interrupted(InterruptKind kind, int vector)
    {
    }

    /// <summary>Software has broken a rule of the datasheet.</summary>
    public virtual void RuleBroken(RuleViolation violation)
    {
    }
}
