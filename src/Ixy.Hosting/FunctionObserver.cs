using Ixy.Vfio;

namespace Ixy.Hosting;

/// <summary>
/// Observes what passes between a model and its host, while it happens: on the thread that does it, and before the
/// model's next turn or access. It must not access the model through its host. By default, each member does nothing.
/// </summary>
public abstract class FunctionObserver
{
    /// <summary>Software has read 1, 2 or 4 bytes of configuration space.</summary>
    public virtual void ConfigRead(int offset, uint value, int size)
    {
    }

    /// <summary>Software writes 1, 2 or 4 bytes of configuration space. The effects are still to come.</summary>
    public virtual void ConfigWritten(int offset, uint value, int size)
    {
    }

    /// <summary>Software has read 1, 2 or 4 bytes of a BAR, through a call.</summary>
    public virtual void BarRead(int bar, uint offset, uint value, int size)
    {
    }

    /// <summary>Software writes 1, 2 or 4 bytes of a BAR, through a call. The effects are still to come.</summary>
    public virtual void BarWritten(int bar, uint offset, uint value, int size)
    {
    }

    /// <summary>The host resets the function.</summary>
    public virtual void FunctionReset()
    {
    }

    /// <summary>The device may access these addresses from now on.</summary>
    public virtual void MemoryMapped(ulong address, ulong length)
    {
    }

    /// <summary>The device may no longer access these addresses.</summary>
    public virtual void MemoryUnmapped(ulong address, ulong length)
    {
    }

    /// <summary>The device is about to read or write memory that it may access.</summary>
    /// <param name="address">A device address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="purpose">The model's name for it.</param>
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
